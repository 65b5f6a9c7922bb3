;; Reads all that it is given, 100 bytes at a time, then answers for two of three records and ends itself with 0.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2)
  (data (i32.const 4096) "{\22records\22:[{\22recordId\22:\2200000000000000000000000000000000000000000000000000000001000000\22,\22result\22:\22Dropped\22},{\22recordId\22:\2200000000000000000000000000000000000000000000000000000000000000\22,\22result\22:\22Ok\22,\22data\22:\22aGVsbG8=\22}]}")
  (data (i32.const 1024) "\00\20\00\00\64\00\00\00")
  (func (export "_start") (local $sum i32)
    (block $end (loop $more
      (if (call $read (i32.const 0) (i32.const 1024) (i32.const 1) (i32.const 2048)) (then (unreachable)))
      (local.set $sum (i32.add (local.get $sum) (i32.load (i32.const 2048))))
      (br_if $more (i32.load (i32.const 2048)))))
    ;; The event names three records.
    (if (i32.lt_u (local.get $sum) (i32.const 300)) (then (unreachable)))
    (i32.store (i32.const 1024) (i32.const 4096))
    (i32.store (i32.const 1028) (i32.const 220))
    (if (call $write (i32.const 1) (i32.const 1024) (i32.const 1) (i32.const 2048)) (then (unreachable)))
    (call $exit (i32.const 0)))
)
