package standpipe

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"standpipe.dev/sdk/internal/batch"
)

// Failure is an error with a short word for machines beside its sentence for people. A record that fails goes to the
// error output with its source bytes; the other records go on. Any other error has the code `error`.
type Failure struct{ Code, Message string }

func (f *Failure) Error() string { return f.Message }

// Fail makes a failure: return standpipe.Fail("not-json", "the record is not a JSON object").
func Fail(code, message string) error { return &Failure{Code: code, Message: message} }

// Failf makes a failure whose message is formatted as [fmt.Sprintf] does.
func Failf(code, format string, args ...any) error {
	return &Failure{Code: code, Message: fmt.Sprintf(format, args...)}
}

// failureOf gives the code and the message of an error. What stands below the first line of a message is taken for a
// stack, so it gets one line.
func failureOf(err error, index uint32) batch.Failed {
	code := "error"
	var failure *Failure
	if errors.As(err, &failure) {
		code = failure.Code
	}
	return batch.Failed{Index: index, Code: valid(code), Message: oneLine(err.Error())}
}

func oneLine(text string) string {
	return strings.ReplaceAll(valid(strings.TrimSpace(text)), "\n", "; ")
}

// valid makes text fit for the host, which takes nothing but UTF-8.
func valid(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "\ufffd")
}
