module key-value-to-json

go 1.24

require standpipe.dev/sdk v0.0.0

replace standpipe.dev/sdk => ../../plugins/go
