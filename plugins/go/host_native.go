//go:build !wasip1

package standpipe

import "standpipe.dev/sdk/internal/batch"

func hostLog(level Level, message string) {
	batch.Plugin.Logs = append(batch.Plugin.Logs, batch.Line{Level: uint8(level), Message: message})
}
