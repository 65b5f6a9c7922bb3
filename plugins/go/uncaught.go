package standpipe

import (
	"fmt"
	"path"
	"runtime"
	"strings"

	"standpipe.dev/sdk/internal/batch"
)

// uncaught gives the failure for a panic: its text, and below it the stack, without the frames of Go's runtime and of
// this package. Call it in the deferred function that recovered.
func uncaught(panicked any, index uint32) batch.Failed {
	var text strings.Builder
	text.WriteString(oneLine(fmt.Sprint(panicked)))
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	for {
		frame, more := frames.Next()
		if frame.Function != "" && !ours(frame) {
			fmt.Fprintf(&text, "\n%s (%s:%d)", frame.Function, frame.File, frame.Line)
		}
		if !more {
			return batch.Failed{Index: index, Code: "uncaught", Message: valid(text.String())}
		}
	}
}

// here is the folder of this package's files, in the form that frames have it.
var here = func() string {
	_, file, _, _ := runtime.Caller(0)
	return path.Dir(file)
}()

// ours goes by files, too: of a generic function, a copy lies in the author's package.
func ours(frame runtime.Frame) bool {
	inside := path.Dir(frame.File) == here && !strings.HasSuffix(frame.File, "_test.go")
	return inside || strings.HasPrefix(frame.Function, "runtime.") || strings.HasPrefix(frame.Function, "standpipe:")
}
