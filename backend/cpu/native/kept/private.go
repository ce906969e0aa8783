package kept

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// private is the mode of a folder that only its owner can look into.
const private fs.FileMode = 0o700

// Check says why what lies in the folder is not to be trusted: it may be code that runs as the user. The error is
// fs.ErrNotExist where there is no folder yet.
func (f *Folder) Check() error {
	mine, err := f.mine()
	if err != nil {
		return err
	}
	return closed(f.Dir, mine)
}

// mine finds the folder and its owner, whoever else may write to it.
func (f *Folder) mine() (fs.FileInfo, error) {
	switch {
	case f.nowhere != nil:
		return nil, f.nowhere
	case f.Dir == "":
		return nil, errors.New("there is no folder to keep files in")
	}
	info, err := os.Lstat(f.Dir)
	if err != nil {
		return nil, fmt.Errorf("the folder %s cannot be used: %w", f.Dir, cause(err))
	}
	return info, owned(f.Dir, info, os.Geteuid())
}

// owned holds that it is a folder, and of the user.
func owned(dir string, info fs.FileInfo, user int) error {
	switch owner, ok := ownerOf(info); {
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%s is a link, expected a folder: remove it", dir)
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder: remove it", dir)
	case ok && owner != user:
		return fmt.Errorf("%s belongs to the user %d, expected %d, who runs this: remove it, or name another folder by XDG_CACHE_HOME", dir, owner, user)
	}
	return nil
}

// closed holds that no other user can reach into the folder.
func closed(dir string, info fs.FileInfo) error {
	switch mode := info.Mode().Perm(); {
	case !hasModes || mode&^private == 0:
		return nil
	case mode&0o022 != 0:
		return fmt.Errorf("others may write to %s, and what is in it is trusted: it has the mode %04o, expected %04o; run `aiopt cache clear` and `chmod 700 %s`", dir, mode, private, dir)
	default:
		return fmt.Errorf("others may look into %s: it has the mode %04o, expected %04o; run `chmod 700 %s`", dir, mode, private, dir)
	}
}
