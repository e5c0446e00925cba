//! Where Python calls. The only place where pointers become slices; no panic leaves it.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::slice::{from_raw_parts, from_raw_parts_mut};

use crate::check;
use crate::levels::{levels, Event, Found};
use crate::log_columns::{log_columns, LogColumns};
use crate::outline::outlines;
use crate::walk::{walk, Columns, Occurrence, Occurrences, Plan, Wanted};

/// Raised with every change of what is called here, so that nobody calls a library of another time.
const ABI: u32 = 1;
/// The bytes or the arrays are not such that anything can be said.
const REFUSED: i64 = -1;
/// This is a defect; the caller has another way.
const BROKEN: i64 = -2;

#[no_mangle]
pub extern "C" fn hypocenter_abi() -> u32 {
    ABI
}

/// The fingerprint of what this was built from; see `build.rs`.
#[no_mangle]
pub extern "C" fn hypocenter_sources() -> u32 {
    env!("HYPOCENTER_SOURCES").parse().unwrap_or(0)
}

fn guarded(call: impl FnOnce() -> Option<i64>) -> i64 {
    catch_unwind(AssertUnwindSafe(call)).map_or(BROKEN, |found| found.unwrap_or(REFUSED))
}

/// # Safety
/// Null, or `count` items that nobody changes during the call.
unsafe fn read<'a, T>(items: *const T, count: usize) -> &'a [T] {
    if items.is_null() || count == 0 {
        return &[];
    }
    unsafe { from_raw_parts(items, count) }
}

/// # Safety
/// Null, or `count` initialised items that nobody else looks at during the call.
unsafe fn write<'a, T>(items: *mut T, count: usize) -> &'a mut [T] {
    if items.is_null() || count == 0 {
        return &mut [];
    }
    unsafe { from_raw_parts_mut(items, count) }
}

/// Outlines of `rows` bodies; see `outline.rs`. `text` takes the different ones and `ends` where each ends, `codes` one
/// entry a body. Returns how many there are.
///
/// # Safety
/// Every pointer is null or good for as many items as its number says; `offsets` for one more than `rows`.
#[no_mangle]
pub unsafe extern "C" fn hypocenter_outlines(
    data: *const u8,
    data_len: usize,
    offsets: *const i32,
    rows: usize,
    codes: *mut i32,
    text: *mut u8,
    text_room: usize,
    ends: *mut i64,
) -> i64 {
    guarded(|| {
        let (data, offsets) = unsafe { (read(data, data_len), read(offsets, rows.checked_add(1)?)) };
        let (codes, text, ends) = unsafe { (write(codes, rows), write(text, text_room), write(ends, rows)) };
        let found = outlines(data, offsets, codes)?;
        text.get_mut(..found.text.len())?.copy_from_slice(&found.text);
        for (place, end) in ends.iter_mut().zip(&found.ends) {
            *place = i64::try_from(*end).ok()?;
        }
        i64::try_from(found.ends.len()).ok()
    })
}

/// Levels above records; see `levels.rs`. `counts` takes how many events and records there are; where that is more than
/// there was room for, call again with more room. Returns 0.
///
/// # Safety
/// Every pointer is null or good for as many items as its number says, `starts` and `ends` for `record_room`, `counts`
/// for two.
#[no_mangle]
pub unsafe extern "C" fn hypocenter_levels(
    data: *const u8,
    data_len: usize,
    events: *mut Event,
    event_room: usize,
    starts: *mut i64,
    ends: *mut i64,
    record_room: usize,
    counts: *mut i64,
) -> i64 {
    guarded(|| {
        let data = unsafe { read(data, data_len) };
        let (events, counts) = unsafe { (write(events, event_room), write(counts, 2)) };
        let (starts, ends) = unsafe { (write(starts, record_room), write(ends, record_room)) };
        let mut found = Found::new(events, starts, ends);
        levels(data, &mut found)?;
        counts.copy_from_slice(&[i64::try_from(found.event_count).ok()?, i64::try_from(found.record_count).ok()?]);
        Some(0)
    })
}

/// Fields of `rows` messages; see `walk.rs`. `at` and `size` have a row for each of the single tags. `name_counts` says
/// how many of `names` belong to each of the repeated tags. Returns how many occurrences of those there are; where that
/// is more than there was room for, call again with more room.
///
/// # Safety
/// Every pointer is null or good for as many items as its number says; `starts`, `ends` and `odd` for `rows`.
#[no_mangle]
pub unsafe extern "C" fn hypocenter_walk(
    data: *const u8,
    data_len: usize,
    starts: *const i64,
    ends: *const i64,
    rows: usize,
    single: *const u8,
    single_count: usize,
    repeated: *const u8,
    repeated_count: usize,
    names: *const u64,
    name_counts: *const u64,
    at: *mut i64,
    size: *mut i64,
    odd: *mut u8,
    occurrences: *mut Occurrence,
    occurrence_room: usize,
) -> i64 {
    guarded(|| {
        let (data, starts, ends) = unsafe { (read(data, data_len), read(starts, rows), read(ends, rows)) };
        let (single, tags) = unsafe { (read(single, single_count), read(repeated, repeated_count)) };
        let name_counts = unsafe { read(name_counts, repeated_count) };
        let total = name_counts.iter().try_fold(0usize, |sum, &count| sum.checked_add(usize::try_from(count).ok()?))?;
        let mut names = unsafe { read(names, total) };
        let mut wanted = Vec::new();
        for (&tag, &count) in tags.iter().zip(name_counts) {
            let (beginnings, others) = names.split_at(usize::try_from(count).ok()?);
            wanted.push(Wanted { tag, beginnings });
            names = others;
        }
        let plan = Plan::new(single, &wanted)?;
        let cells = single_count.checked_mul(rows)?;
        let mut columns = Columns {
            at: unsafe { write(at, cells) },
            size: unsafe { write(size, cells) },
            odd: unsafe { write(odd, rows) },
        };
        let mut found = Occurrences::new(unsafe { write(occurrences, occurrence_room) });
        walk(data, starts, ends, &plan, &mut columns, &mut found)?;
        i64::try_from(found.count).ok()
    })
}

/// Columns of `rows` log records; see `log_columns.rs`. Returns how many things of few records there are; where that is
/// more than there was room for, call again with more room.
///
/// # Safety
/// Every pointer is null or good for as many items as its number says, those of columns for `rows`.
#[no_mangle]
pub unsafe extern "C" fn hypocenter_log_columns(
    data: *const u8,
    data_len: usize,
    starts: *const i64,
    ends: *const i64,
    rows: usize,
    names: *const u64,
    name_count: usize,
    most_text: i64,
    odd: *mut u8,
    time: *mut i64,
    observed: *mut i64,
    severity: *mut i32,
    text_at: *mut i64,
    text_size: *mut i64,
    trace_id: *mut [u64; 2],
    span_id: *mut u64,
    rare: *mut Occurrence,
    rare_room: usize,
) -> i64 {
    guarded(|| {
        let (data, names) = unsafe { (read(data, data_len), read(names, name_count)) };
        let (starts, ends) = unsafe { (read(starts, rows), read(ends, rows)) };
        let mut columns = unsafe {
            LogColumns {
                odd: write(odd, rows),
                time: write(time, rows),
                observed: write(observed, rows),
                severity: write(severity, rows),
                text_at: write(text_at, rows),
                text_size: write(text_size, rows),
                trace_id: write(trace_id, rows),
                span_id: write(span_id, rows),
            }
        };
        let mut found = Occurrences::new(unsafe { write(rare, rare_room) });
        log_columns(data, starts, ends, names, most_text, &mut columns, &mut found)?;
        i64::try_from(found.count).ok()
    })
}

/// What a door asks of a request of logs; see `check.rs`. Twice the number of records, and one more if some sender has
/// no name.
///
/// # Safety
/// `data` is null or good for `data_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn hypocenter_check_logs(data: *const u8, data_len: usize) -> i64 {
    guarded(|| {
        let found = check::logs(unsafe { read(data, data_len) })?;
        found.records.checked_mul(2)?.checked_add(i64::from(found.unnamed))
    })
}
