//! The outer levels of export requests: resources, scopes, and where each record lies. As `analyzers/wire/outline.py`.

use crate::wire::{skipped, stretch, varint, LENGTH};

/// What is met, in the order of the bytes: its kind and two numbers.
pub type Event = [i64; 3];

/// A group (`ResourceLogs`, `ResourceSpans`) begins.
const GROUP: i64 = 0;
/// A resource, or a part of one: where it starts and ends.
const RESOURCE: i64 = 1;
/// A part (`ScopeLogs`, `ScopeSpans`) begins.
const PART: i64 = 2;
/// A scope, or a part of one: where it starts and ends.
const SCOPE: i64 = 3;
/// Records side by side: how many.
const RUN: i64 = 4;

const RECORD_TAG: u8 = 0x12;

/// As much as there is room for, and how much there would be.
pub struct Found<'a> {
    events: &'a mut [Event],
    starts: &'a mut [i64],
    ends: &'a mut [i64],
    pub event_count: usize,
    pub record_count: usize,
}

impl<'a> Found<'a> {
    pub fn new(events: &'a mut [Event], starts: &'a mut [i64], ends: &'a mut [i64]) -> Self {
        Found { events, starts, ends, event_count: 0, record_count: 0 }
    }

    fn event(&mut self, kind: i64, first: usize, second: usize) -> Option<()> {
        let event = [kind, i64::try_from(first).ok()?, i64::try_from(second).ok()?];
        if let Some(place) = self.events.get_mut(self.event_count) {
            *place = event;
        }
        self.event_count += 1;
        Some(())
    }

    fn record(&mut self, first: usize, end: usize) -> Option<()> {
        let place = self.record_count;
        if let (Some(start), Some(stop)) = (self.starts.get_mut(place), self.ends.get_mut(place)) {
            *start = i64::try_from(first).ok()?;
            *stop = i64::try_from(end).ok()?;
        }
        self.record_count += 1;
        Some(())
    }
}

/// None for bytes that nobody writes, legal or not.
pub fn levels(data: &[u8], found: &mut Found) -> Option<()> {
    let mut at = 0;
    while at < data.len() {
        let (number, first, end) = field(data, at)?;
        if number == 1 {
            group(data.get(..end)?, first, found)?;
        }
        at = end;
    }
    Some(())
}

fn group(data: &[u8], start: usize, found: &mut Found) -> Option<()> {
    found.event(GROUP, 0, 0)?;
    let mut at = start;
    while at < data.len() {
        let (number, first, end) = field(data, at)?;
        match number {
            1 => found.event(RESOURCE, first, end)?,
            2 => part(data.get(..end)?, first, found)?,
            _ => (),
        }
        at = end;
    }
    Some(())
}

fn part(data: &[u8], start: usize, found: &mut Found) -> Option<()> {
    found.event(PART, 0, 0)?;
    let mut at = start;
    while at < data.len() {
        if data.get(at) == Some(&RECORD_TAG) {
            at = run(data, at, found)?;
            continue;
        }
        let (number, first, end) = field(data, at)?;
        match number {
            1 => found.event(SCOPE, first, end)?,
            // Two bytes of tag where one would do.
            2 => return None,
            _ => (),
        }
        at = end;
    }
    Some(())
}

/// Returns where it ends.
fn run(data: &[u8], start: usize, found: &mut Found) -> Option<usize> {
    let (before, mut at) = (found.record_count, start);
    while data.get(at) == Some(&RECORD_TAG) {
        let (first, end) = stretch(data, at + 1)?;
        found.record(first, end)?;
        at = end;
    }
    found.event(RUN, found.record_count - before, 0)?;
    Some(at)
}

/// The number of a length-delimited field, 0 for any other; where its value starts and ends.
fn field(data: &[u8], at: usize) -> Option<(u64, usize, usize)> {
    let (tag, at) = varint(data, at)?;
    if tag & 7 == LENGTH {
        let (first, end) = stretch(data, at)?;
        return Some((tag >> 3, first, end));
    }
    Some((0, at, skipped(data, at, tag & 7)?))
}
