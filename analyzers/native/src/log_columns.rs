//! Log records to columns, as `analyzers/otlp/log_columns.py` has them.

use crate::walk::{fields, Fields, Occurrences, Plan, Wanted};
use crate::wire::varint;

/// Fields of `LogRecord` by tag, and their places below.
const SINGLE: [u8; 8] = [0x09, 0x59, 0x10, 0x1A, 0x2A, 0x4A, 0x52, 0x62];
const TIME: usize = 0;
const OBSERVED: usize = 1;
const SEVERITY: usize = 2;
const SEVERITY_TEXT: usize = 3;
const BODY: usize = 4;
const TRACE_ID: usize = 5;
const SPAN_ID: usize = 6;
const EVENT: usize = 7;
const ATTRIBUTES: u8 = 0x32;
/// What few records have is told one by one: an attribute is the first of these.
const NAMED_SEVERITY: usize = 1;
const NAMED_EVENT: usize = 2;

const STRING_TAG: u8 = 0x0A;
const MAX_SEVERITY: i64 = 24;
/// Bytes of the length of a text.
const LENGTH_BYTES: usize = 4;

/// An entry a record.
pub struct LogColumns<'a> {
    /// Have to be parsed: what is said here of those is not right.
    pub odd: &'a mut [u8],
    /// 0 for none, -1 for one beyond 63 bits.
    pub time: &'a mut [i64],
    pub observed: &'a mut [i64],
    pub severity: &'a mut [i32],
    pub text_at: &'a mut [i64],
    pub text_size: &'a mut [i64],
    /// Zeros for none.
    pub trace_id: &'a mut [[u64; 2]],
    pub span_id: &'a mut [u64],
}

/// `beginnings` are those of the names of attributes that are wanted; texts longer than `most_text` bytes are odd. None
/// where the columns don't fit the records, or the records the data.
pub fn log_columns(
    data: &[u8],
    starts: &[i64],
    ends: &[i64],
    beginnings: &[u64],
    most_text: i64,
    columns: &mut LogColumns,
    rare: &mut Occurrences,
) -> Option<()> {
    let wanted = [Wanted { tag: ATTRIBUTES, beginnings }];
    let plan = Plan::new(&SINGLE, &wanted)?;
    for (row, (&start, &end)) in starts.iter().zip(ends).enumerate() {
        let (found, sound) = fields(data, start, end, row, &plan, rare)?;
        let text = text(data, &found, most_text);
        *columns.odd.get_mut(row)? = u8::from(!sound || text.is_none());
        let (text_at, text_size) = text.unwrap_or((0, 0));
        *columns.text_at.get_mut(row)? = text_at;
        *columns.text_size.get_mut(row)? = text_size;
        *columns.time.get_mut(row)? = time(data, found.at[TIME]);
        *columns.observed.get_mut(row)? = time(data, found.at[OBSERVED]);
        let severity = if found.at[SEVERITY] < 0 { 0 } else { found.size[SEVERITY].min(MAX_SEVERITY) };
        *columns.severity.get_mut(row)? = i32::try_from(severity).ok()?;
        if severity == 0 && found.size[SEVERITY_TEXT] > 0 {
            rare.add(NAMED_SEVERITY, row, found.at[SEVERITY_TEXT], found.size[SEVERITY_TEXT])?;
        }
        if found.size[EVENT] > 0 {
            rare.add(NAMED_EVENT, row, found.at[EVENT], found.size[EVENT])?;
        }
        let trace_id = if found.size[TRACE_ID] == 16 { found.at[TRACE_ID] } else { -1 };
        *columns.trace_id.get_mut(row)? = [word(data, trace_id, 0), word(data, trace_id, 8)];
        let span_id = if found.size[SPAN_ID] == 8 { found.at[SPAN_ID] } else { -1 };
        *columns.span_id.get_mut(row)? = word(data, span_id, 0);
    }
    Some(())
}

/// Where the text of a body starts, and its size; nothing for no body. None if the body is anything else.
#[inline]
fn text(data: &[u8], found: &Fields, most: i64) -> Option<(i64, i64)> {
    let size = found.size[BODY];
    if size <= 0 {
        return Some((0, 0));
    }
    let body = usize::try_from(found.at[BODY]).ok()?;
    let (length, at) = varint(data, body + 1)?;
    let (length, text) = (i64::try_from(length).ok()?, i64::try_from(at).ok()?);
    let whole = text.checked_add(length)? == found.at[BODY].checked_add(size)?;
    let plain = *data.get(body)? == STRING_TAG && at - body <= LENGTH_BYTES + 1;
    if plain && whole && length <= most {
        Some((text, length))
    } else {
        None
    }
}

#[inline]
fn time(data: &[u8], at: i64) -> i64 {
    i64::from_le_bytes(word(data, at, 0).to_le_bytes()).max(-1)
}

/// The eight bytes from there on; 0 where there are none.
#[inline]
fn word(data: &[u8], at: i64, further: usize) -> u64 {
    let bytes = usize::try_from(at).ok().and_then(|at| data.get(at + further..at + further + 8));
    let mut word = [0; 8];
    if let Some(bytes) = bytes {
        word.copy_from_slice(bytes);
    }
    u64::from_le_bytes(word)
}
