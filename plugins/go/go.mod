module standpipe.dev/sdk

go 1.24
