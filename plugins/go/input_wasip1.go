package standpipe

import "unsafe"

// arena is where the host lays what it passes. It is emptied after each call, and what held one batch holds the next.
type arena struct {
	// The last chunk is the one in use. Words, so that everything is aligned.
	chunks [][]uint64
	used   int
}

var input arena

//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldLength, align, length uint32) unsafe.Pointer {
	// The host never asks for more room for what it has laid already.
	return input.take(int(length+7) / 8)
}

func (a *arena) take(words int) unsafe.Pointer {
	if words == 0 {
		return unsafe.Pointer(&answer)
	}
	if len(a.chunks) == 0 || a.used+words > len(a.chunks[len(a.chunks)-1]) {
		a.chunks = append(a.chunks, make([]uint64, max(words, 8<<10)))
		a.used = 0
	}
	chunk := a.chunks[len(a.chunks)-1]
	a.used += words
	return unsafe.Pointer(&chunk[a.used-words])
}

func (a *arena) reset() {
	total := 0
	for _, chunk := range a.chunks {
		total += len(chunk)
	}
	if len(a.chunks) > 1 || total > mostKept/8 {
		// Room for as much as this time in one piece.
		a.chunks = a.chunks[:0]
		if total <= mostKept/8 {
			a.chunks = append(a.chunks, make([]uint64, total))
		}
	}
	a.used = 0
}
