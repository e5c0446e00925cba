//! Puts a fingerprint of the sources into the library, so that Python refuses one that was built from others.

use std::fs::{read, read_dir};
use std::io::Result;
use std::path::PathBuf;

fn main() -> Result<()> {
    let mut files = read_dir("src")?.map(|entry| entry.map(|found| found.path())).collect::<Result<Vec<PathBuf>>>()?;
    files.retain(|path| path.extension().map_or(false, |kind| kind == "rs"));
    files.sort();
    files.insert(0, PathBuf::from("Cargo.toml"));
    let mut sum = u32::MAX;
    for path in files {
        sum = read(path)?.into_iter().fold(sum, crc32);
    }
    println!("cargo:rustc-env=HYPOCENTER_SOURCES={}", !sum);
    println!("cargo:rerun-if-changed=Cargo.toml");
    println!("cargo:rerun-if-changed=src");
    Ok(())
}

/// As zlib has it, which is what Python compares with.
fn crc32(sum: u32, byte: u8) -> u32 {
    (0..8).fold(sum ^ u32::from(byte), |bits, _| if bits & 1 == 1 { bits >> 1 ^ 0xEDB8_8320 } else { bits >> 1 })
}
