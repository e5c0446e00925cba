//! The fields of many messages of one kind. Its results are those of `analyzers/wire/walk.py`.

use crate::wire::{varint, FIXED32, FIXED64, LENGTH, VARINT};

/// Fields that are looked for at once, of either kind.
pub const MOST_TAGS: usize = 16;
/// The longest varint that is read, in bytes: lengths and small numbers.
const VARINT_BYTES: usize = 4;
/// Of a tag that nobody asked for.
const UNASKED: u8 = 0xFF;

/// A field that may be repeated: its tag, and the first eight bytes of the names that are wanted; all without any.
pub struct Wanted<'a> {
    pub tag: u8,
    pub beginnings: &'a [u64],
}

/// What is looked for, by tag: a byte that begins a field of a number below 16.
pub struct Plan<'a> {
    slots: [u8; 128],
    singles: usize,
    repeated: &'a [Wanted<'a>],
}

impl<'a> Plan<'a> {
    /// None for tags of other fields, or too many.
    #[must_use]
    pub fn new(single: &[u8], repeated: &'a [Wanted<'a>]) -> Option<Self> {
        let mut slots = [UNASKED; 128];
        if single.len() + repeated.len() > MOST_TAGS {
            return None;
        }
        let tags = single.iter().copied().chain(repeated.iter().map(|wanted| wanted.tag));
        for (slot, tag) in (0u8..).zip(tags) {
            *slots.get_mut(usize::from(tag))? = slot;
        }
        Some(Plan { slots, singles: single.len(), repeated })
    }
}

/// An occurrence of a repeated field: which of them, the message, where its value starts, and its size.
pub type Occurrence = [i64; 4];

/// Where results go. Of each single field there is a row in `at` and `size`, with an entry for each message.
pub struct Columns<'a> {
    pub at: &'a mut [i64],
    pub size: &'a mut [i64],
    /// Messages that have to be parsed: what is said here of those is not right.
    pub odd: &'a mut [u8],
}

/// As many as there is room for, and how many there would be.
pub struct Occurrences<'a> {
    room: &'a mut [Occurrence],
    pub count: usize,
}

impl<'a> Occurrences<'a> {
    pub fn new(room: &'a mut [Occurrence]) -> Self {
        Occurrences { room, count: 0 }
    }

    pub fn add(&mut self, which: usize, row: usize, at: i64, size: i64) -> Option<()> {
        let entry = [i64::try_from(which).ok()?, i64::try_from(row).ok()?, at, size];
        if let Some(place) = self.room.get_mut(self.count) {
            *place = entry;
        }
        self.count += 1;
        Some(())
    }
}

/// The single fields of one message, by their place in the plan.
#[derive(Clone, Copy)]
pub struct Fields {
    /// Where the value starts; -1 where there is none.
    pub at: [i64; MOST_TAGS],
    pub size: [i64; MOST_TAGS],
}

const NO_FIELDS: Fields = Fields { at: [-1; MOST_TAGS], size: [0; MOST_TAGS] };

/// None where the columns don't fit the messages, or the messages the data.
pub fn walk(
    data: &[u8],
    starts: &[i64],
    ends: &[i64],
    plan: &Plan,
    columns: &mut Columns,
    occurrences: &mut Occurrences,
) -> Option<()> {
    let count = columns.odd.len();
    if [columns.at.len(), columns.size.len()] != [plan.singles * count; 2] || [starts.len(), ends.len()] != [count; 2] {
        return None;
    }
    for (row, (&start, &end)) in starts.iter().zip(ends).enumerate() {
        let (found, sound) = fields(data, start, end, row, plan, occurrences)?;
        columns.odd[row] = u8::from(!sound);
        for slot in 0..plan.singles {
            columns.at[slot * count + row] = found.at[slot];
            columns.size[slot * count + row] = found.size[slot];
        }
    }
    Some(())
}

/// The fields of one message, and whether it can be read here. None if there is no such place in the data.
#[inline]
pub fn fields(
    data: &[u8],
    start: i64,
    end: i64,
    row: usize,
    plan: &Plan,
    occurrences: &mut Occurrences,
) -> Option<(Fields, bool)> {
    let start = usize::try_from(start).ok()?;
    let message = data.get(..usize::try_from(end).ok()?)?;
    let mut found = NO_FIELDS;
    let sound = read(message, start, row, plan, &mut found, occurrences).is_some();
    Some((found, sound))
}

/// None if it is odd.
#[inline]
fn read(
    message: &[u8],
    start: usize,
    row: usize,
    plan: &Plan,
    found: &mut Fields,
    occurrences: &mut Occurrences,
) -> Option<()> {
    let mut place = start;
    while let Some(&tag) = message.get(place) {
        let mut head = place + 1;
        let slot = if tag < 0x80 {
            if tag < 8 {
                return None;
            }
            plan.slots[usize::from(tag)]
        } else {
            // Two bytes, unless they stand for what one would.
            match *message.get(head)? {
                0 | 0x80..=0xFF => return None,
                _ => head += 1,
            }
            UNASKED
        };
        let (first, number, end) = value(message, head, u64::from(tag & 7))?;
        if end > message.len() {
            return None;
        }
        place = end;
        if slot == UNASKED {
            continue;
        }
        let slot = usize::from(slot);
        let at = i64::try_from(first).ok()?;
        if slot < plan.singles {
            found.at[slot] = at;
            found.size[slot] = number;
        } else {
            let which = slot - plan.singles;
            if wanted(plan.repeated.get(which)?, message.get(first..end)?) {
                occurrences.add(which, row, at, number)?;
            }
        }
    }
    Some(())
}

/// Where a value starts (a varint: ends), its size (a varint: itself; fixed: 0), and where it ends, maybe too far.
#[inline]
fn value(message: &[u8], at: usize, kind: u64) -> Option<(usize, i64, usize)> {
    match kind {
        VARINT | LENGTH => {
            let (number, first) = varint(message, at)?;
            if first - at > VARINT_BYTES {
                return None;
            }
            let size = usize::try_from(number).ok()?;
            let end = if kind == LENGTH { first.checked_add(size)? } else { first };
            Some((first, i64::try_from(number).ok()?, end))
        }
        FIXED64 => Some((at, 0, at + 8)),
        FIXED32 => Some((at, 0, at + 4)),
        _ => None,
    }
}

/// Whether an attribute may have one of the names. What is not written as all do may have any.
fn wanted(wanted: &Wanted, attribute: &[u8]) -> bool {
    if wanted.beginnings.is_empty() {
        return true;
    }
    match (attribute.first(), attribute.get(1), attribute.get(2..10)) {
        (None, _, _) | (Some(0x0A), Some(0..=0x7F), None) => false,
        (Some(0x0A), Some(0..=0x7F), Some(name)) => {
            let mut word = [0; 8];
            word.copy_from_slice(name);
            wanted.beginnings.contains(&u64::from_le_bytes(word))
        }
        _ => true,
    }
}
