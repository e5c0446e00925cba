//! Bodies to outlines, and which bodies have the same. Equal, byte by byte, to `analyzers/templates/masking.py`.

use std::collections::HashMap;

/// Characters of a body that take part.
const SHAPE_CHARS: usize = 1024;
/// Behind a body that was cut.
const CUT: u8 = 0x03;
/// Stands for a word from its first digit on, with the letters before it.
const NUMBER: &[u8] = b"a0";
/// Of a body that has to be read elsewhere.
pub const HANDED_BACK: i32 = -1;

/// What a byte may be, in bits: a letter of ASCII or an underscore; part of a word behind its first digit.
const LETTER: u8 = 1;
const IN_NUMBER: u8 = 2;

const KINDS: [u8; 256] = kinds();

const fn kinds() -> [u8; 256] {
    let mut kinds = [0; 256];
    let mut byte = 0;
    loop {
        kinds[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => LETTER | IN_NUMBER,
            b'0'..=b'9' | b'.' | b'@' | b'%' | b'$' | b'#' | b'+' | b'-' => IN_NUMBER,
            _ => 0,
        };
        if byte == u8::MAX {
            return kinds;
        }
        byte += 1;
    }
}

/// Different outlines in the order in which they came.
#[derive(Default)]
pub struct Outlines {
    /// One after the other.
    pub text: Vec<u8>,
    /// Where each of them ends in `text`.
    pub ends: Vec<usize>,
}

/// For each body, the place of its outline, or `HANDED_BACK`. None where `offsets` don't fit.
pub fn outlines(data: &[u8], offsets: &[i32], codes: &mut [i32]) -> Option<Outlines> {
    let mut found = Outlines::default();
    // Keyed by a secret of this process, so that nobody can choose outlines that meet in one place.
    let mut known: HashMap<Vec<u8>, i32> = HashMap::new();
    let mut outline = Vec::new();
    for (bounds, code) in offsets.windows(2).zip(codes) {
        let first = usize::try_from(bounds[0]).ok()?;
        let end = usize::try_from(bounds[1]).ok()?;
        outline.clear();
        if !write(data.get(first..end)?, &mut outline) {
            *code = HANDED_BACK;
        } else if let Some(&place) = known.get(outline.as_slice()) {
            *code = place;
        } else {
            *code = i32::try_from(found.ends.len()).ok()?;
            found.text.extend_from_slice(&outline);
            found.ends.push(found.text.len());
            known.insert(outline.clone(), *code);
        }
    }
    Some(found)
}

/// Append the outline of `body`. False where it holds what may be an escaped letter.
fn write(body: &[u8], outline: &mut Vec<u8>) -> bool {
    let kept = cut(body);
    let mut rest = kept;
    while let Some(at) = next(rest) {
        if rest[at] == b'\\' {
            if rest.get(at + 1) == Some(&b'u') {
                return false;
            }
            outline.extend_from_slice(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        }
        // Letters before what is written are never reached: every number word ends before a sign or a space.
        let letters = rest[..at].iter().rev().take_while(|&&byte| is(byte, LETTER)).count();
        outline.extend_from_slice(&rest[..at - letters]);
        outline.extend_from_slice(NUMBER);
        rest = &rest[at..];
        rest = &rest[rest.iter().take_while(|&&byte| is(byte, IN_NUMBER)).count()..];
    }
    outline.extend_from_slice(rest);
    if kept.len() < body.len() {
        outline.push(CUT);
    }
    true
}

/// The place of the first digit or backslash; eight bytes are looked at together.
fn next(text: &[u8]) -> Option<usize> {
    let chunks = text.chunks_exact(8);
    let rest = chunks.remainder();
    for (place, chunk) in chunks.enumerate() {
        let mut eight = [0; 8];
        eight.copy_from_slice(chunk);
        let bytes = u64::from_le_bytes(eight);
        let found = below(bytes ^ every(b'0'), 10) | below(bytes ^ every(b'\\'), 1);
        if found != 0 {
            return Some(place * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let found = rest.iter().position(|byte| byte.is_ascii_digit() || *byte == b'\\')?;
    Some(text.len() - rest.len() + found)
}

/// The highest bit of every byte that is below `limit`, which is at most 128. Nothing is carried from byte to byte.
fn below(bytes: u64, limit: u8) -> u64 {
    !(((bytes & every(0x7F)) + every(0x80 - limit)) | bytes) & every(0x80)
}

const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

fn is(byte: u8, kinds: u8) -> bool {
    KINDS[usize::from(byte)] & kinds != 0
}

/// The first characters of `body`, all of it in most cases.
fn cut(body: &[u8]) -> &[u8] {
    if body.len() <= SHAPE_CHARS {
        return body;
    }
    // What is not the continuation of a character begins one.
    let mut beginnings = body.iter().enumerate().filter(|(_, &byte)| byte & 0xC0 != 0x80);
    match beginnings.nth(SHAPE_CHARS) {
        Some((end, _)) => &body[..end],
        None => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline_of(body: &str) -> Option<String> {
        let mut codes = [0];
        let end = i32::try_from(body.len()).ok()?;
        let found = outlines(body.as_bytes(), &[0, end], &mut codes)?;
        String::from_utf8(found.text).ok()
    }

    #[test]
    fn words_with_digits_are_alike() {
        assert_eq!(outline_of("id_7.b-c: x-9 \u{e9}1\u{e9}").as_deref(), Some("a0: x-a0 \u{e9}a0\u{e9}"));
        assert_eq!(outline_of("").as_deref(), Some(""));
    }

    #[test]
    fn long_bodies_are_cut_between_characters() {
        let long = "\u{e9}".repeat(1025);
        assert_eq!(outline_of(&long), Some("\u{e9}".repeat(1024) + "\u{3}"));
        assert_eq!(outline_of(&long[2..]), Some("\u{e9}".repeat(1024)));
    }

    #[test]
    fn offsets_that_lie_are_refused() {
        assert!(outlines(b"abc", &[0, 4], &mut [0]).is_none());
        assert!(outlines(b"abc", &[2, 1], &mut [0]).is_none());
        assert!(outlines(b"abc", &[-1, 1], &mut [0]).is_none());
    }
}
