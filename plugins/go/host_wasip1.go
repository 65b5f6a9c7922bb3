package standpipe

//go:wasmimport standpipe:transform/host@0.1.0 log
func importLog(level uint32, message string)

//go:wasmimport standpipe:transform/host@0.1.0 at
func importAt(record uint32)

func hostLog(level Level, message string) {
	if speaking.untold {
		importAt(speaking.record)
		speaking.untold = false
	}
	importLog(uint32(level), message)
}
