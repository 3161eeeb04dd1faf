//! Text in columns.

use std::fmt::Write;

/// Lines of cells, the first column to the left and the others to the right, two blanks in front and between.
#[derive(Default)]
pub(crate) struct Columns {
    lines: Vec<Vec<String>>,
}

impl Columns {
    pub(crate) fn line(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.lines.push(cells.into_iter().map(Into::into).collect());
    }

    pub(crate) fn text(&self) -> String {
        let columns = self.lines.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths = (0..columns).map(width).collect::<Vec<_>>();
        let mut text = String::new();
        for line in &self.lines {
            let mut row = String::new();
            for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
                // Writing to a string cannot fail.
                let _ = if column == 0 {
                    write!(row, "  {cell:<width$}")
                } else {
                    write!(row, "  {cell:>width$}")
                };
            }
            text.push_str(row.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_column_is_to_the_left_and_the_others_to_the_right() {
        let mut columns = Columns::default();
        columns.line(["policy", "hits"]);
        columns.line(["lru", "1,000", ""]);
        columns.line(["s3-fifo"]);
        assert_eq!(columns.text(), "  policy    hits\n  lru      1,000\n  s3-fifo\n");
    }
}
