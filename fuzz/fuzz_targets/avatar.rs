#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| menshen_fuzzing::run("avatar", data));
