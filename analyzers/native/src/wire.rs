//! Protocol Buffers wire format, read from slices.

pub const VARINT: u64 = 0;
pub const FIXED64: u64 = 1;
pub const LENGTH: u64 = 2;
pub const FIXED32: u64 = 5;

/// The varint at `at`: its value and where it ends. None where `data` or ten bytes end before it does.
#[inline]
#[must_use]
pub fn varint(data: &[u8], at: usize) -> Option<(u64, usize)> {
    let first = *data.get(at)?;
    if first < 0x80 {
        return Some((u64::from(first), at + 1));
    }
    long_varint(data, at)
}

fn long_varint(data: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0;
    for (place, &byte) in data.get(at..)?.iter().take(10).enumerate() {
        if place == 9 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7F) << (7 * place);
        if byte < 0x80 {
            return Some((value, at + place + 1));
        }
    }
    None
}

/// Where the length-delimited value at `at` starts and ends, within `data`.
#[inline]
#[must_use]
pub fn stretch(data: &[u8], at: usize) -> Option<(usize, usize)> {
    let (size, first) = varint(data, at)?;
    let end = first.checked_add(usize::try_from(size).ok()?)?;
    if end <= data.len() {
        Some((first, end))
    } else {
        None
    }
}

/// Where a value of no interest ends, within `data`. None for groups, too.
#[inline]
#[must_use]
pub fn skipped(data: &[u8], at: usize, kind: u64) -> Option<usize> {
    let end = match kind {
        VARINT => varint(data, at)?.1,
        FIXED64 => at.checked_add(8)?,
        LENGTH => stretch(data, at)?.1,
        FIXED32 => at.checked_add(4)?,
        _ => return None,
    };
    if end <= data.len() {
        Some(end)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_end_where_they_end() {
        assert_eq!(varint(&[0x96, 0x01, 7], 0), Some((150, 2)));
        assert_eq!(varint(&[0x96], 0), None);
        assert_eq!(varint(&[0xFF; 11], 0), None);
        assert_eq!(varint(&[], 1), None);
    }

    #[test]
    fn nothing_reaches_beyond_the_end() {
        assert_eq!(stretch(&[2, 1], 0), None);
        assert_eq!(stretch(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0], 0), None);
        assert_eq!(skipped(&[0; 7], 0, FIXED64), None);
        assert_eq!(skipped(&[0; 4], 0, FIXED32), Some(4));
        assert_eq!(skipped(&[0; 9], 0, 3), None);
    }
}
