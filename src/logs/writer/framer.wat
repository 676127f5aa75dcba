;; Frames lines for text and json queues, 16 bytes at a time. Assembled by scripts/framer.mjs into framer-module.ts; the plain
;; form of the same, against which it is tested, is ../framing.ts.
;;
;; Input: whole lines in [in, end), the byte before end being a newline. Up to 15 bytes after end are read, never used.
;; Output goes to [out, limit) and always ends after a whole line; where the next one does not fit, it stops before it.
;; Results are globals: where input and output ended, and how many lines that were.
(module
  (memory (export "memory") 176)
  (global $inAt (export "inAt") (mut i32) (i32.const 0))
  (global $outAt (export "outAt") (mut i32) (i32.const 0))
  (global $lines (export "lines") (mut i32) (i32.const 0))

  ;; The letter of a short JSON escape by control character, 0 where there is none: \b \t \f \r. (\n never gets here.)
  (data (i32.const 0) "\00\00\00\00\00\00\00\00bt\00\00fr\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
  (data (i32.const 32) "0123456789abcdef")

  (func $finish (param $in i32) (param $out i32) (param $lines i32)
    (global.set $inAt (local.get $in))
    (global.set $outAt (local.get $out))
    (global.set $lines (local.get $lines)))

  ;; Copies in blocks of 16; writes up to 15 bytes more than asked.
  (func $copy (param $to i32) (param $from i32) (param $length i32)
    (local $at i32)
    (loop $next
      (v128.store (i32.add (local.get $to) (local.get $at)) (v128.load (i32.add (local.get $from) (local.get $at))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $length)))))

  ;; How many newlines are in [in, end). Blocks of 64: each lane counts up to four hits of a block, so that 62
  ;; blocks (248) fit in a byte.
  (func (export "count") (param $in i32) (param $end i32) (result i32)
    (local $count i32) (local $lanes v128) (local $stop i32) (local $newline v128)
    (local.set $newline (i8x16.splat (i32.const 10)))
    (block $tail
      (loop $stretch
        (br_if $tail (i32.lt_u (i32.sub (local.get $end) (local.get $in)) (i32.const 64)))
        (local.set $stop (i32.sub (local.get $end) (i32.const 64)))
        (if (i32.gt_u (i32.sub (local.get $stop) (local.get $in)) (i32.const 3904))
          (then (local.set $stop (i32.add (local.get $in) (i32.const 3904)))))
        (local.set $lanes (v128.const i32x4 0 0 0 0))
        (loop $block
          (local.set $lanes (i8x16.add (local.get $lanes) (i8x16.add
            (i8x16.add (i8x16.eq (v128.load (local.get $in)) (local.get $newline))
                       (i8x16.eq (v128.load offset=16 (local.get $in)) (local.get $newline)))
            (i8x16.add (i8x16.eq (v128.load offset=32 (local.get $in)) (local.get $newline))
                       (i8x16.eq (v128.load offset=48 (local.get $in)) (local.get $newline))))))
          (local.set $in (i32.add (local.get $in) (i32.const 64)))
          (br_if $block (i32.le_u (local.get $in) (local.get $stop))))
        (local.set $lanes (i32x4.extadd_pairwise_i16x8_u
          (i16x8.extadd_pairwise_i8x16_u (i8x16.neg (local.get $lanes)))))
        (local.set $count (i32.add (local.get $count) (i32.add
          (i32.add (i32x4.extract_lane 0 (local.get $lanes)) (i32x4.extract_lane 1 (local.get $lanes)))
          (i32.add (i32x4.extract_lane 2 (local.get $lanes)) (i32x4.extract_lane 3 (local.get $lanes))))))
        (br $stretch)))
    (block $done
      (loop $byte
        (br_if $done (i32.ge_u (local.get $in) (local.get $end)))
        (local.set $count (i32.add (local.get $count) (i32.eq (i32.load8_u (local.get $in)) (i32.const 10))))
        (local.set $in (i32.add (local.get $in) (i32.const 1)))
        (br $byte)))
    (local.get $count))

  (func (export "text") (param $in i32) (param $end i32) (param $out i32) (param $limit i32)
                        (param $prefix i32) (param $prefixLength i32)
    (local $lineIn i32) (local $lineOut i32) (local $lines i32) (local $block v128) (local $mask i32)
    (local.set $lineIn (local.get $in))
    (local.set $lineOut (local.get $out))
    (block $done
      (loop $line
        (local.set $lineIn (local.get $in))
        (local.set $lineOut (local.get $out))
        (br_if $done (i32.ge_u (local.get $in) (local.get $end)))
        (br_if $done (i32.gt_u (i32.add (i32.add (local.get $out) (local.get $prefixLength)) (i32.const 16)) (local.get $limit)))
        (call $copy (local.get $out) (local.get $prefix) (local.get $prefixLength))
        (local.set $out (i32.add (local.get $out) (local.get $prefixLength)))
        (loop $body
          (br_if $done (i32.gt_u (i32.add (local.get $out) (i32.const 16)) (local.get $limit)))
          (local.set $block (v128.load (local.get $in)))
          (v128.store (local.get $out) (local.get $block))
          (local.set $mask (i8x16.bitmask (i8x16.eq (local.get $block) (i8x16.splat (i32.const 10)))))
          (if (i32.eqz (local.get $mask))
            (then
              (local.set $in (i32.add (local.get $in) (i32.const 16)))
              (local.set $out (i32.add (local.get $out) (i32.const 16)))
              (br $body))))
        (local.set $mask (i32.add (i32.ctz (local.get $mask)) (i32.const 1)))
        (local.set $in (i32.add (local.get $in) (local.get $mask)))
        (local.set $out (i32.add (local.get $out) (local.get $mask)))
        (local.set $lines (i32.add (local.get $lines) (i32.const 1)))
        (br $line)))
    (call $finish (local.get $lineIn) (local.get $lineOut) (local.get $lines)))

  (func (export "json") (param $in i32) (param $end i32) (param $out i32) (param $limit i32)
                        (param $prefix i32) (param $prefixLength i32)
    (local $lineIn i32) (local $lineOut i32) (local $lines i32) (local $block v128) (local $mask i32) (local $c i32)
    (local $need i32) (local $lower i32) (local $upper i32) (local $length i32)
    (block $done
      (loop $line
        (local.set $lineIn (local.get $in))
        (local.set $lineOut (local.get $out))
        (br_if $done (i32.ge_u (local.get $in) (local.get $end)))
        (br_if $done (i32.gt_u (i32.add (i32.add (local.get $out) (local.get $prefixLength)) (i32.const 16)) (local.get $limit)))
        (call $copy (local.get $out) (local.get $prefix) (local.get $prefixLength))
        (local.set $out (i32.add (local.get $out) (local.get $prefixLength)))
        (block $lineEnd
          (loop $body
            (br_if $done (i32.gt_u (i32.add (local.get $out) (i32.const 32)) (local.get $limit)))
            (local.set $block (v128.load (local.get $in)))
            (v128.store (local.get $out) (local.get $block))
            ;; What cannot be copied as it is: below 0x20, quote, backslash, and (by its own high bit) beyond ASCII.
            (local.set $mask (i8x16.bitmask (v128.or
              (v128.or (local.get $block) (i8x16.lt_u (local.get $block) (i8x16.splat (i32.const 0x20))))
              (v128.or (i8x16.eq (local.get $block) (i8x16.splat (i32.const 0x22)))
                       (i8x16.eq (local.get $block) (i8x16.splat (i32.const 0x5c)))))))
            (if (i32.eqz (local.get $mask))
              (then
                (local.set $in (i32.add (local.get $in) (i32.const 16)))
                (local.set $out (i32.add (local.get $out) (i32.const 16)))
                (br $body)))
            (local.set $mask (i32.ctz (local.get $mask)))
            (local.set $in (i32.add (local.get $in) (local.get $mask)))
            (local.set $out (i32.add (local.get $out) (local.get $mask)))
            (local.set $c (i32.load8_u (local.get $in)))
            (br_if $lineEnd (i32.eq (local.get $c) (i32.const 10)))
            (if (i32.lt_u (local.get $c) (i32.const 0x80))
              (then
                (local.set $in (i32.add (local.get $in) (i32.const 1)))
                ;; \" \\ and the short ones: backslash and a letter.
                (local.set $mask (local.get $c))
                (if (i32.lt_u (local.get $c) (i32.const 0x20)) (then (local.set $mask (i32.load8_u (local.get $c)))))
                (if (local.get $mask)
                  (then
                    (i32.store16 (local.get $out) (i32.or (i32.const 0x5c) (i32.shl (local.get $mask) (i32.const 8))))
                    (local.set $out (i32.add (local.get $out) (i32.const 2)))
                    (br $body)))
                ;; \u00 and two hexadecimal digits.
                (i32.store (local.get $out) (i32.const 0x3030755c))
                (i32.store8 offset=4 (local.get $out) (i32.load8_u offset=32 (i32.shr_u (local.get $c) (i32.const 4))))
                (i32.store8 offset=5 (local.get $out) (i32.load8_u offset=32 (i32.and (local.get $c) (i32.const 15))))
                (local.set $out (i32.add (local.get $out) (i32.const 6)))
                (br $body)))
            ;; UTF-8, as https://encoding.spec.whatwg.org/#utf-8-decoder reads it: each broken sequence becomes one U+FFFD.
            (local.set $lower (i32.const 0x80))
            (local.set $upper (i32.const 0xbf))
            (local.set $need (i32.const 9))
            (if (i32.and (i32.ge_u (local.get $c) (i32.const 0xc2)) (i32.le_u (local.get $c) (i32.const 0xf4)))
              (then
                (local.set $need (i32.add (i32.const 1) (i32.add
                  (i32.ge_u (local.get $c) (i32.const 0xe0)) (i32.ge_u (local.get $c) (i32.const 0xf0)))))
                (if (i32.eq (local.get $c) (i32.const 0xe0)) (then (local.set $lower (i32.const 0xa0))))
                (if (i32.eq (local.get $c) (i32.const 0xed)) (then (local.set $upper (i32.const 0x9f))))
                (if (i32.eq (local.get $c) (i32.const 0xf0)) (then (local.set $lower (i32.const 0x90))))
                (if (i32.eq (local.get $c) (i32.const 0xf4)) (then (local.set $upper (i32.const 0x8f))))))
            (local.set $length (i32.const 1))
            (block $broken
              (br_if $broken (i32.eq (local.get $need) (i32.const 9)))
              (loop $next
                (local.set $c (i32.load8_u (i32.add (local.get $in) (local.get $length))))
                (br_if $broken (i32.lt_u (local.get $c) (local.get $lower)))
                (br_if $broken (i32.gt_u (local.get $c) (local.get $upper)))
                (local.set $length (i32.add (local.get $length) (i32.const 1)))
                (local.set $lower (i32.const 0x80))
                (local.set $upper (i32.const 0xbf))
                (br_if $next (local.tee $need (i32.sub (local.get $need) (i32.const 1)))))
              (i32.store (local.get $out) (i32.load (local.get $in)))
              (local.set $in (i32.add (local.get $in) (local.get $length)))
              (local.set $out (i32.add (local.get $out) (local.get $length)))
              (br $body))
            (i32.store (local.get $out) (i32.const 0x00bdbfef))
            (local.set $in (i32.add (local.get $in) (local.get $length)))
            (local.set $out (i32.add (local.get $out) (i32.const 3)))
            (br $body)))
        ;; "} and the newline.
        (i32.store (local.get $out) (i32.const 0x000a7d22))
        (local.set $in (i32.add (local.get $in) (i32.const 1)))
        (local.set $out (i32.add (local.get $out) (i32.const 3)))
        (local.set $lines (i32.add (local.get $lines) (i32.const 1)))
        (br $line)))
    (call $finish (local.get $lineIn) (local.get $lineOut) (local.get $lines))))
