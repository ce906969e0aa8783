"""Builds the package for pip (PEP 517) with nothing but Python, so that installing it downloads nothing."""

import base64
import hashlib
import os
import re
import tarfile
import zipfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
DATE = (1980, 1, 1, 0, 0, 0)  # the same files give the same bytes


def _project():
    """Name, version and the like, as pyproject.toml states them."""
    with open(os.path.join(FOLDER, "pyproject.toml"), encoding="utf-8") as f:
        text = f.read()
    project = dict(re.findall(r'^([\w-]+) = "(.*)"$', text.split("[project]")[1], re.MULTILINE))
    project["dependencies"] = re.findall(r'"([^"]+)"', re.search(r"^dependencies = \[(.*)\]$", text, re.MULTILINE)[1])
    return project


def _sources():
    folder = os.path.join(FOLDER, "aiopt")
    return [f"aiopt/{name}" for name in sorted(os.listdir(folder)) if name.endswith(".py")]


def _read(name):
    with open(os.path.join(FOLDER, name), "rb") as f:
        return f.read()


def _metadata(project):
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {project['version']}", f"Summary: {project['description']}",
             f"Requires-Python: {project['requires-python']}", *(f"Requires-Dist: {d}" for d in project["dependencies"]),
             "Description-Content-Type: text/markdown", "", _read("README.md").decode()]  # fmt: skip
    return "\n".join(lines).encode()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Write the wheel and give its name."""
    project = _project()
    stem = f"{project['name']}-{project['version']}"
    info = stem + ".dist-info"
    files = {name: _read(name) for name in _sources()}
    files[f"{info}/METADATA"] = _metadata(project)
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: aiopt\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = [f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}" for name, data in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    name = f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as z:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, DATE)
            entry.external_attr = 0o644 << 16
            z.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return name


def build_sdist(sdist_directory, config_settings=None):
    """Write the sources and give the archive's name."""
    project = _project()
    stem = f"{project['name']}-{project['version']}"
    with tarfile.open(os.path.join(sdist_directory, stem + ".tar.gz"), "w:gz") as tar:
        for name in ["pyproject.toml", "README.md", "build_package.py", *_sources()]:
            tar.add(os.path.join(FOLDER, name), f"{stem}/{name}")
    return stem + ".tar.gz"
