;; WASI preview 1 for core modules, made of the calls of WASI 0.2 that `adapter.wit` names: clock, random and output go to the
;; host, everything else has its answer here. There are no files, arguments or variables.
;;
;; It allocates nothing, has no memory and no state but handles: a toolchain whose allocator takes the end of memory for its
;; own, as Go's does, would not survive an adapter that grows it. Where the host needs a place for a result of more than a
;; word, it gets the caller's own result pointer; the words behind it are put back.
(module
  (import "env" "memory" (memory 0))
  (import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall (param i32)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $monotonic (result i64)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $timer (param i64) (result i32)))
  (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $forget (param i32)))
  (import "wasi:io/streams@0.2.0" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
  (import "wasi:cli/stdin@0.2.0" "get-stdin" (func $stdin (result i32)))
  (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
  (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $stderr (result i32)))
  (import "wasi:cli/exit@0.2.0" "exit-with-code" (func $exit (param i32)))
  ;; COMMAND
  ;; Handles of the streams, by descriptor; -1 until they are first used.
  (global $in (mut i32) (i32.const -1))
  (global $out (mut i32) (i32.const -1))
  (global $err (mut i32) (i32.const -1))
  ;; Where the bytes that are read go, and how many fit.
  (global $into (mut i32) (i32.const 0))
  (global $fits (mut i32) (i32.const 0))

  ;; The host puts what was read where the caller wants it.
  (func (export "cabi_import_realloc") (param i32 i32 i32 i32) (result i32)
    (if (i32.gt_u (local.get 3) (global.get $fits)) (then (unreachable)))
    (global.get $into))

  (func (export "sched_yield") (result i32) (i32.const 0))
  (func (export "proc_exit") (param i32) (call $exit (i32.and (local.get 0) (i32.const 255))) (unreachable))
  (func (export "proc_raise") (param i32) (result i32)
    (call $exit (i32.and (i32.add (i32.const 128) (local.get 0)) (i32.const 255))) (unreachable))

  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "args_sizes_get") (param $count i32) (param $bytes i32) (result i32)
    (i32.store (local.get $count) (i32.const 0)) (i32.store (local.get $bytes) (i32.const 0)) (i32.const 0))
  (func (export "environ_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "environ_sizes_get") (param $count i32) (param $bytes i32) (result i32)
    (i32.store (local.get $count) (i32.const 0)) (i32.store (local.get $bytes) (i32.const 0)) (i32.const 0))

  ;; 0 is the time of day; the others count from some moment.
  (func (export "clock_time_get") (param $id i32) (param i64) (param $result i32) (result i32)
    (local $behind i64)
    (if (i32.eqz (local.get $id))
      (then
        (local.set $behind (i64.load offset=8 (local.get $result)))
        (call $wall (local.get $result))
        (i64.store (local.get $result)
          (i64.add (i64.mul (i64.load (local.get $result)) (i64.const 1000000000)) (i64.load32_u offset=8 (local.get $result))))
        (i64.store offset=8 (local.get $result) (local.get $behind)))
      (else (i64.store (local.get $result) (call $monotonic))))
    (i32.const 0))
  (func (export "clock_res_get") (param i32) (param $result i32) (result i32)
    (i64.store (local.get $result) (i64.const 1)) (i32.const 0))

  (func (export "random_get") (param $to i32) (param $len i32) (result i32)
    (local $bits i64) (local $left i32)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $len)))
      (if (i32.eqz (local.get $left)) (then (local.set $bits (call $random)) (local.set $left (i32.const 8))))
      (i64.store8 (local.get $to) (local.get $bits))
      (local.set $bits (i64.shr_u (local.get $bits) (i64.const 8)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $len (i32.sub (local.get $len) (i32.const 1)))
      (br $next)))
    (i32.const 0))

  ;; The handle of descriptor 1 or 2.
  (func $output (param $fd i32) (result i32)
    (if (i32.eq (local.get $fd) (i32.const 1))
      (then
        (if (i32.eq (global.get $out) (i32.const -1)) (then (global.set $out (call $stdout))))
        (return (global.get $out))))
    (if (i32.eq (global.get $err) (i32.const -1)) (then (global.set $err (call $stderr))))
    (global.get $err))

  ;; A result has its tag at $result and lies in the three words there.
  (func (export "fd_write") (param $fd i32) (param $iovs i32) (param $n i32) (param $result i32) (result i32)
    (local $at i32) (local $len i32) (local $part i32) (local $sum i32) (local $second i32) (local $third i32) (local $handle i32)
    (if (i32.gt_u (i32.sub (local.get $fd) (i32.const 1)) (i32.const 1)) (then (return (i32.const 8))))
    (local.set $handle (call $output (local.get $fd)))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $n)))
      (local.set $at (i32.load (local.get $iovs)))
      (local.set $len (i32.load offset=4 (local.get $iovs)))
      (block $written (loop $more
        (br_if $written (i32.eqz (local.get $len)))
        ;; A blocking write takes 4 KiB at most.
        (local.set $part (select (i32.const 4096) (local.get $len) (i32.gt_u (local.get $len) (i32.const 4096))))
        (local.set $second (i32.load offset=4 (local.get $result)))
        (local.set $third (i32.load offset=8 (local.get $result)))
        (call $write (local.get $handle) (local.get $at) (local.get $part) (local.get $result))
        (i32.store offset=4 (local.get $result) (local.get $second))
        (i32.store offset=8 (local.get $result) (local.get $third))
        (if (i32.load8_u (local.get $result)) (then (return (i32.const 29))))
        (local.set $at (i32.add (local.get $at) (local.get $part)))
        (local.set $len (i32.sub (local.get $len) (local.get $part)))
        (local.set $sum (i32.add (local.get $sum) (local.get $part)))
        (br $more)))
      (local.set $iovs (i32.add (local.get $iovs) (i32.const 8)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next)))
    (i32.store (local.get $result) (local.get $sum))
    (i32.const 0))

  (func (export "fd_read") (param $fd i32) (param $iovs i32) (param $n i32) (param $result i32) (result i32)
    (local $second i32) (local $third i32) (local $len i32) (local $tag i32)
    (if (local.get $fd) (then (return (i32.const 8))))
    (if (i32.eq (global.get $in) (i32.const -1)) (then (global.set $in (call $stdin))))
    (block $none
      ;; The first place that is not empty is enough: a read may be short.
      (loop $next
        (br_if $none (i32.eqz (local.get $n)))
        (global.set $into (i32.load (local.get $iovs)))
        (global.set $fits (i32.load offset=4 (local.get $iovs)))
        (local.set $iovs (i32.add (local.get $iovs) (i32.const 8)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $next (i32.eqz (global.get $fits))))
      (local.set $second (i32.load offset=4 (local.get $result)))
      (local.set $third (i32.load offset=8 (local.get $result)))
      (call $read (global.get $in) (i64.extend_i32_u (global.get $fits)) (local.get $result))
      (local.set $tag (i32.load8_u (local.get $result)))
      (local.set $len (i32.load offset=8 (local.get $result)))
      (i32.store offset=4 (local.get $result) (local.get $second))
      (i32.store offset=8 (local.get $result) (local.get $third))
      ;; An error is the end: the host's input has no other.
      (if (local.get $tag) (then (local.set $len (i32.const 0)))))
    (i32.store (local.get $result) (local.get $len))
    (i32.const 0))

  ;; Every subscription is answered at once; for those of clocks, the host's clock has moved on.
  (func (export "poll_oneoff") (param $in i32) (param $out i32) (param $n i32) (param $result i32) (result i32)
    (local $k i32) (local $timer i32)
    (block $done (loop $next
      (br_if $done (i32.eq (local.get $k) (local.get $n)))
      (i64.store (local.get $out) (i64.load (local.get $in)))
      (i64.store offset=8 (local.get $out) (i64.const 0))
      (i64.store offset=16 (local.get $out) (i64.const 0))
      (i64.store offset=24 (local.get $out) (i64.const 0))
      (i32.store8 offset=10 (local.get $out) (i32.load8_u offset=8 (local.get $in)))
      (if (i32.eqz (i32.or (i32.load8_u offset=8 (local.get $in)) (i32.and (i32.load16_u offset=40 (local.get $in)) (i32.const 1))))
        (then
          (local.set $timer (call $timer (i64.load offset=24 (local.get $in))))
          (call $block (local.get $timer))
          (call $forget (local.get $timer))))
      (local.set $in (i32.add (local.get $in) (i32.const 48)))
      (local.set $out (i32.add (local.get $out) (i32.const 32)))
      (local.set $k (i32.add (local.get $k) (i32.const 1)))
      (br $next)))
    (i32.store (local.get $result) (local.get $n))
    (i32.const 0))

  ;; The three streams are character devices, with every right; they cannot seek.
  (func (export "fd_fdstat_get") (param $fd i32) (param $result i32) (result i32)
    (if (i32.gt_u (local.get $fd) (i32.const 2)) (then (return (i32.const 8))))
    (i64.store (local.get $result) (i64.const 2))
    (i64.store offset=8 (local.get $result) (i64.const -1))
    (i64.store offset=16 (local.get $result) (i64.const -1))
    (i32.const 0))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (i32.const 0))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (i32.const 70))
  (func (export "fd_tell") (param i32 i32) (result i32) (i32.const 70))

  ;; ESPIPE for the three streams, EBADF for others: a library that tries this first goes on without an offset.
  (func $no_offset (param $fd i32) (result i32)
    (select (i32.const 8) (i32.const 70) (i32.gt_u (local.get $fd) (i32.const 2))))
  (func (export "fd_pread") (param i32 i32 i32 i64 i32) (result i32) (call $no_offset (local.get 0)))
  (func (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) (call $no_offset (local.get 0)))

  ;; No other descriptor is ever open.
  (func (export "fd_advise") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_allocate") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_close") (param i32) (result i32) (i32.const 8))
  (func (export "fd_datasync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_rights") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_times") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_renumber") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_sync") (param i32) (result i32) (i32.const 8))
  (func (export "path_create_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "path_readlink") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_remove_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_unlink_file") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_accept") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (i32.const 8))
)
