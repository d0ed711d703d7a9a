package redact_test

import (
	"context"
	"time"
)

var (
	ctx      = context.Background()
	zeroTime time.Time
)
