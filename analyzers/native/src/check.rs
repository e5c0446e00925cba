//! What a door asks of a request of logs: is it well formed, how many records does it stand for, who sends nameless.
//!
//! Whatever passes here is read by the parser, too. What does not, or holds a field that is not known here, is not yet
//! refused: the parser has to say.

use crate::wire::{skipped, stretch, varint, FIXED32, FIXED64, VARINT};

/// Values within each other; the parser takes more.
const DEEPEST: usize = 24;
const NAME: &[u8] = b"service.name";
const WEIGHT: &[u8] = b"log_count";
const MOST_WEIGHT: i64 = 1 << 31;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// As many as they stand for.
    pub records: i64,
    /// Some group has no name of its service.
    pub unnamed: bool,
}

/// What is asked of attributes: the key, and the value as far as it is text or a number.
#[derive(Default)]
struct Pair<'a> {
    key: &'a [u8],
    value: Value,
}

#[derive(Default)]
struct Value {
    text: bool,
    number: i64,
}

/// None where the parser has to say.
#[must_use]
pub fn logs(data: &[u8]) -> Option<Summary> {
    let mut summary = Summary::default();
    each(data, |tag, at| match tag {
        0x0A => inner(data, at, |item| group(item, &mut summary)),
        _ => None,
    })?;
    Some(summary)
}

fn group(data: &[u8], summary: &mut Summary) -> Option<()> {
    let mut named = None;
    each(data, |tag, at| match tag {
        // Said twice, the two are merged: not here.
        0x0A if named.is_none() => inner(data, at, |item| {
            named = Some(resource(item)?);
            Some(())
        }),
        0x12 => inner(data, at, |item| part(item, summary)),
        0x1A => text(data, at).map(|(_, end)| end),
        _ => None,
    })?;
    summary.unnamed |= named != Some(true);
    Some(())
}

/// Whether it has a name.
fn resource(data: &[u8]) -> Option<bool> {
    let mut named = false;
    each(data, |tag, at| match tag {
        0x0A => inner(data, at, |item| {
            let found = pair(item, DEEPEST)?;
            named |= found.key == NAME && found.value.text;
            Some(())
        }),
        0x10 => skipped(data, at, VARINT),
        0x1A => inner(data, at, entity),
        _ => None,
    })?;
    Some(named)
}

fn entity(data: &[u8]) -> Option<()> {
    each(data, |tag, at| match tag {
        0x0A | 0x12 | 0x1A | 0x22 => text(data, at).map(|(_, end)| end),
        _ => None,
    })
}

fn part(data: &[u8], summary: &mut Summary) -> Option<()> {
    each(data, |tag, at| match tag {
        0x0A => inner(data, at, scope),
        0x12 => inner(data, at, |item| {
            summary.records = summary.records.checked_add(record(item)?)?;
            Some(())
        }),
        0x1A => text(data, at).map(|(_, end)| end),
        _ => None,
    })
}

fn scope(data: &[u8]) -> Option<()> {
    each(data, |tag, at| match tag {
        0x0A | 0x12 => text(data, at).map(|(_, end)| end),
        0x1A => inner(data, at, |item| pair(item, DEEPEST).map(|_| ())),
        0x20 => skipped(data, at, VARINT),
        _ => None,
    })
}

/// How many it stands for: what the first attribute of that name says.
fn record(data: &[u8]) -> Option<i64> {
    let mut weight = None;
    each(data, |tag, at| match tag {
        0x09 | 0x59 => skipped(data, at, FIXED64),
        0x10 | 0x38 => skipped(data, at, VARINT),
        0x45 => skipped(data, at, FIXED32),
        0x1A | 0x62 => text(data, at).map(|(_, end)| end),
        0x4A | 0x52 => stretch(data, at).map(|(_, end)| end),
        0x2A => inner(data, at, |item| value(item, DEEPEST).map(|_| ())),
        0x32 => inner(data, at, |item| {
            let found = pair(item, DEEPEST)?;
            if weight.is_none() && found.key == WEIGHT {
                weight = Some(found.value.number.clamp(1, MOST_WEIGHT));
            }
            Some(())
        }),
        _ => None,
    })?;
    Some(weight.unwrap_or(1))
}

fn pair(data: &[u8], deep: usize) -> Option<Pair<'_>> {
    plain_pair(data).or_else(|| any_pair(data, deep))
}

/// As nearly all are: a short key and a short text, in ASCII. Then nothing else in it is above 127 either.
fn plain_pair(data: &[u8]) -> Option<Pair<'_>> {
    let size = usize::from(*data.get(1)?);
    let key = data.get(2..size + 2)?;
    match *data.get(size + 2..)? {
        [0x12, outer, 0x0A, inner, ref text @ ..]
            if data[0] == 0x0A && usize::from(outer) == text.len() + 2 && usize::from(inner) == text.len() =>
        {
            let value = Value { text: inner > 0, number: 0 };
            Some(Pair { key, value }).filter(|_| data.is_ascii())
        }
        _ => None,
    }
}

fn any_pair(data: &[u8], deep: usize) -> Option<Pair<'_>> {
    let mut found = Pair::default();
    let (mut keyed, mut valued) = (false, false);
    each(data, |tag, at| match tag {
        0x0A if !keyed => {
            keyed = true;
            let (key, end) = text(data, at)?;
            found.key = key;
            Some(end)
        }
        0x12 if !valued => inner(data, at, |item| {
            valued = true;
            found.value = value(item, deep)?;
            Some(())
        }),
        0x18 => skipped(data, at, VARINT),
        _ => None,
    })?;
    Some(found)
}

fn value(data: &[u8], deep: usize) -> Option<Value> {
    let mut found = Value::default();
    let mut said = false;
    each(data, |tag, at| {
        // Of several the last one counts, or a merge of them: not here.
        if said {
            return None;
        }
        said = true;
        match tag {
            0x0A => {
                let (said, end) = text(data, at)?;
                found.text = !said.is_empty();
                Some(end)
            }
            0x18 => {
                let (number, end) = varint(data, at)?;
                found.number = i64::from_le_bytes(number.to_le_bytes());
                Some(end)
            }
            0x10 | 0x40 => skipped(data, at, VARINT),
            0x21 => skipped(data, at, FIXED64),
            0x3A => stretch(data, at).map(|(_, end)| end),
            0x2A | 0x32 if deep == 0 => None,
            0x2A => inner(data, at, |list| {
                each(list, |tag, at| match tag {
                    0x0A => inner(list, at, |item| value(item, deep - 1).map(|_| ())),
                    _ => None,
                })
            }),
            0x32 => inner(data, at, |list| {
                each(list, |tag, at| match tag {
                    0x0A => inner(list, at, |item| pair(item, deep - 1).map(|_| ())),
                    _ => None,
                })
            }),
            _ => None,
        }
    })?;
    Some(found)
}

/// Give `read` each tag and where its value starts; it says where that ends.
#[inline]
fn each(data: &[u8], mut read: impl FnMut(u8, usize) -> Option<usize>) -> Option<()> {
    let mut at = 0;
    while let Some(&tag) = data.get(at) {
        at = read(tag, at + 1)?;
    }
    Some(())
}

/// Where the message at `at` ends, if `read` takes it.
#[inline]
fn inner<'a>(data: &'a [u8], at: usize, read: impl FnOnce(&'a [u8]) -> Option<()>) -> Option<usize> {
    let (first, end) = stretch(data, at)?;
    read(data.get(first..end)?)?;
    Some(end)
}

/// The text at `at` and where it ends, if it is UTF-8.
#[inline]
fn text(data: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let (first, end) = stretch(data, at)?;
    let found = data.get(first..end)?;
    if !found.is_ascii() {
        std::str::from_utf8(found).ok()?;
    }
    Some((found, end))
}
