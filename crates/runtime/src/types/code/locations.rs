//! The location table: which source positions the instructions come from.
//!
//! An entry begins with a byte `1kkkk lll`: a kind and the number of code units less one; what follows depends on the
//! kind. See CPython's `InternalDocs/code_objects.md`.

/// A run of instructions with one source position. Lines count from 1, columns from 0, in bytes of UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The first unit and the unit behind the last.
    pub start: usize,
    pub end: usize,
    pub line: Option<i32>,
    pub end_line: Option<i32>,
    pub column: Option<i32>,
    pub end_column: Option<i32>,
}

/// Iterates over a location table. A damaged table ends the iteration.
pub struct Locations<'a> {
    table: &'a [u8],
    position: usize,
    unit: usize,
    line: i32,
}

impl<'a> Locations<'a> {
    pub fn new(table: &'a [u8], first_line: i32) -> Locations<'a> {
        Locations { table, position: 0, unit: 0, line: first_line }
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.table.get(self.position)?;
        self.position += 1;
        Some(byte)
    }

    fn unsigned(&mut self) -> Option<u32> {
        let mut value = 0u32;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            value |= ((byte & 63) as u32).checked_shl(shift)?;
            shift += 6;
            if byte & 64 == 0 {
                return Some(value);
            }
        }
    }

    fn signed(&mut self) -> Option<i32> {
        let value = self.unsigned()?;
        let magnitude = (value >> 1) as i32;
        Some(if value & 1 != 0 { -magnitude } else { magnitude })
    }
}

impl Iterator for Locations<'_> {
    type Item = Location;

    fn next(&mut self) -> Option<Location> {
        let first = self.byte()?;
        let kind = first >> 3 & 15;
        let start = self.unit;
        let end = start + (first & 7) as usize + 1;
        self.unit = end;
        let none = Location { start, end, line: None, end_line: None, column: None, end_column: None };
        let one_line = |line, column: i32, end_column: i32| Location {
            start,
            end,
            line: Some(line),
            end_line: Some(line),
            column: Some(column),
            end_column: Some(end_column),
        };
        Some(match kind {
            15 => none,
            14 => {
                self.line = self.line.wrapping_add(self.signed()?);
                let end_line = self.line.wrapping_add(self.unsigned()? as i32);
                let column = self.unsigned()?.checked_sub(1).map(|column| column as i32);
                let end_column = self.unsigned()?.checked_sub(1).map(|column| column as i32);
                Location { line: Some(self.line), end_line: Some(end_line), column, end_column, ..none }
            }
            13 => {
                self.line = self.line.wrapping_add(self.signed()?);
                Location { line: Some(self.line), end_line: Some(self.line), ..none }
            }
            10..=12 => {
                self.line = self.line.wrapping_add(kind as i32 - 10);
                let column = self.byte()? as i32;
                let end_column = self.byte()? as i32;
                one_line(self.line, column, end_column)
            }
            _ => {
                let second = self.byte()?;
                let column = (kind as i32) << 3 | (second >> 4 & 7) as i32;
                one_line(self.line, column, column + (second & 15) as i32)
            }
        })
    }
}
