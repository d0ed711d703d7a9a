//go:build !linux && !darwin && !freebsd && !windows

package health

import "errors"

func diskFree(string) (uint64, error) { return 0, errors.ErrUnsupported }
