// Echoes every record, but does what some of them say.
package main

import (
	"bytes"
	"os"

	"standpipe.dev/sdk"
)

type params struct{}

func init() { standpipe.Register(transform) }

func main() {}

var kept [][]byte

func transform(record *standpipe.Record, _ *params, out *standpipe.Output) error {
	switch string(record.Payload()) {
	case "loop":
		for {
		}
	case "hog":
		for {
			kept = append(kept, bytes.Repeat([]byte{'x'}, 1<<20))
		}
	case "deep":
		out.EmitText(string(rune(deep(1))))
	case "throw":
		panic("boom at throw")
	case "goroutine":
		// Nothing recovers a panic in a goroutine of the author's.
		done := make(chan bool)
		go func() { panic("boom at goroutine") }()
		<-done
	case "exit":
		os.Exit(3)
	case "huge":
		piece := bytes.Repeat([]byte{'x'}, 1<<20)
		for range 64 {
			out.Emit(piece)
		}
		return nil
	}
	out.Emit(record.Payload())
	return nil
}

func deep(n int) int { return deep(n+1) + n }
