//go:build linux || darwin || freebsd

package health

import "syscall"

func diskFree(path string) (uint64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, err
	}
	if int64(fs.Bavail) < 0 { // FreeBSD counts below zero where only root may write
		return 0, nil
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), nil
}
