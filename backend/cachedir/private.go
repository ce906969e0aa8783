package cachedir

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
func (f *Folder) Check() error { return f.with(func(*os.Root) error { return nil }) }

// open opens the folder and checks what it has opened.
func (f *Folder) open() (*os.Root, error) {
	root, info, err := f.openOwned()
	if err != nil {
		return nil, err
	}
	if err := closedToOthers(f.Dir, info); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// openOwned opens the folder, which has to be the user's, whoever else may write to it.
func (f *Folder) openOwned() (*os.Root, fs.FileInfo, error) {
	switch {
	case f.nowhere != nil:
		return nil, nil, f.nowhere
	case f.Dir == "":
		return nil, nil, errors.New("there is no folder to keep files in")
	}
	root, unopened := os.OpenRoot(f.Dir)
	info, err := f.opened(root, unopened)
	if err == nil {
		err = ownedBy(f.Dir, info, os.Geteuid())
	}
	if err != nil && root != nil {
		err = errors.Join(err, root.Close())
	}
	return root, info, err
}

// opened says what was opened, which has to be a folder, and the one of the name. Links are followed when a folder is opened.
func (f *Folder) opened(root *os.Root, unopened error) (fs.FileInfo, error) {
	named, err := os.Lstat(f.Dir)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the folder %s cannot be used: %w", f.Dir, cause(err))
	case named.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%s is a link, expected a folder: remove it", f.Dir)
	case !named.IsDir():
		return nil, fmt.Errorf("%s is not a folder: remove it", f.Dir)
	case unopened != nil:
		return nil, fmt.Errorf("the folder %s cannot be used: %w", f.Dir, cause(unopened))
	}
	info, err := root.Stat(".")
	if err == nil && !os.SameFile(named, info) {
		err = fmt.Errorf("the folder %s was replaced while it was opened: see who does that, and run it again", f.Dir)
	}
	return info, err
}

// ownedBy holds that a folder is of the user.
func ownedBy(dir string, info fs.FileInfo, user int) error {
	if owner, ok := ownerOf(info); ok && owner != user {
		return fmt.Errorf("%s belongs to the user %d, expected %d, who runs this: remove it, or name another folder by XDG_CACHE_HOME", dir, owner, user)
	}
	return nil
}

// closedToOthers holds that no other user can reach into the folder.
func closedToOthers(dir string, info fs.FileInfo) error {
	switch mode := info.Mode().Perm(); {
	case !hasModes || mode&^private == 0:
		return nil
	case mode&0o022 != 0:
		return fmt.Errorf("others may write to %s, and what is in it is trusted: it has the mode %04o, expected %04o; run `aiopt cache clear` and `chmod 700 %s`", dir, mode, private, dir)
	default:
		return fmt.Errorf("others may look into %s: it has the mode %04o, expected %04o; run `chmod 700 %s`", dir, mode, private, dir)
	}
}
