//! Where a value lies between the ends of a plot, and which values are written there.

use crate::{Unit, output::numbers};

/// Labels that fit below a plot on a phone.
const TICKS_MAX: usize = 6;
/// The same if they have units.
const WIDE_TICKS_MAX: usize = 5;

/// One direction of a plot.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
    pub(crate) ticks: Vec<Tick>,
}

/// A value that is written at the axis.
#[derive(Clone, Debug)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Linear,
    Log,
}

impl Axis {
    /// Shares of one, from and to round values around `from` and `to`; from 0 if that is not far.
    pub(crate) fn shares(from: f64, to: f64) -> Self {
        let from = if from < (to - from) * 0.5 { 0.0 } else { from };
        let step = round_step((to - from).max(0.01) / TICKS_MAX as f64);
        let first = (from / step + 1e-9).floor();
        let last = (to / step - 1e-9).ceil().max(first + 1.0);
        let decimals = usize::from(step < 0.00999);
        let steps = (0..=(last - first) as u32).map(|index| (first + f64::from(index)) * step);
        let ticks = steps.map(|value| Tick { value, label: format!("{:.decimals$} %", value * 100.0) });
        Self { scale: Scale::Linear, from: first * step, to: last * step, ticks: ticks.collect() }
    }

    /// Differences of shares, in points with their signs.
    pub(crate) fn differences(from: f64, to: f64) -> Self {
        let step = round_step((to - from).max(0.005) / TICKS_MAX as f64);
        let (first, last) = ((from / step - 1e-9).floor(), (to / step + 1e-9).ceil());
        let decimals = usize::from(step < 0.00999) + usize::from(step < 0.000_999);
        let steps = (0..=(last - first) as u32).map(|index| first + f64::from(index));
        let ticks = steps.map(|steps| {
            let points = format!("{:.decimals$}", (steps * step * 100.0).abs());
            let sign = if steps > 0.0 {
                "+"
            } else if steps < 0.0 {
                "\u{2212}"
            } else {
                ""
            };
            Tick { value: steps * step, label: format!("{sign}{points}") }
        });
        Self { scale: Scale::Linear, from: first * step, to: last * step, ticks: ticks.collect() }
    }

    /// Counts from 0 to `to`.
    pub(crate) fn counts(to: f64) -> Self {
        let to = to.max(1.0);
        let step = round_step(to / TICKS_MAX as f64).max(1.0);
        let steps = (0..=(to / step + 1e-9) as u32).map(|index| f64::from(index) * step);
        let ticks = steps.map(|value| Tick { value, label: short_count(value) });
        Self { scale: Scale::Linear, from: 0.0, to, ticks: ticks.collect() }
    }

    /// Positive values by their logarithm, from `from` to `to`, in `unit`.
    pub(crate) fn log(from: f64, to: f64, unit: Unit) -> Self {
        let from = from.max(f64::MIN_POSITIVE);
        // One value lies in the middle.
        let (from, to) = if to > from { (from, to) } else { (from / 2.0, from * 2.0) };
        let ticks = match unit {
            Unit::Objects => decimal_ticks(from, to),
            Unit::Bytes => binary_ticks(from, to),
        };
        Self { scale: Scale::Log, from, to, ticks }
    }

    /// Where `value` lies: 0 at the start, 1 at the end, and beyond if it is beyond.
    pub(crate) fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.from) / (self.to - self.from),
            Scale::Log => (value.max(self.from) / self.from).ln() / (self.to / self.from).ln(),
        }
    }
}

/// The smallest of 1, 2, 5, 10, 20, 50... (or a power of ten thereof) that is not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().find(|step| step * power >= least * (1.0 - 1e-9));
    step.unwrap_or(10.0) * power
}

/// Powers of ten, and what lies between if they are few.
fn decimal_ticks(from: f64, to: f64) -> Vec<Tick> {
    let powers = (from.log10().floor() as i32..=to.log10().ceil() as i32).map(|power| 10_f64.powi(power));
    let powers = Vec::from_iter(powers);
    let between = |steps: &[f64]| {
        let values = powers.iter().flat_map(|power| steps.iter().map(move |step| step * power));
        Vec::from_iter(values.filter(|value| (from * 0.9999..=to * 1.0001).contains(value)))
    };
    let choices: [&[f64]; 5] = [
        &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
        &[1.0, 2.0, 3.0, 5.0, 7.0],
        &[1.0, 2.0, 5.0],
        &[1.0, 3.0],
        &[1.0],
    ];
    let fitting = choices.into_iter().map(between).find(|values| values.len() <= TICKS_MAX);
    let values = fitting.unwrap_or_else(|| thinned(&between(&[1.0]), TICKS_MAX));
    values.into_iter().map(|value| Tick { value, label: short_count(value) }).collect()
}

/// Powers of two.
fn binary_ticks(from: f64, to: f64) -> Vec<Tick> {
    let powers = from.log2().ceil() as i32..=to.log2().floor() as i32;
    let values = thinned(&Vec::from_iter(powers.map(|power| 2_f64.powi(power))), WIDE_TICKS_MAX);
    values.into_iter().map(|value| Tick { value, label: numbers::bytes(value as u64) }).collect()
}

/// Every second, third... of `values`, so that few enough are left.
fn thinned(values: &[f64], max: usize) -> Vec<f64> {
    let step = values.len().div_ceil(max).max(1);
    values.iter().copied().step_by(step).collect()
}

/// `1`, `20`, `1.5k`, `30M`: for axes.
pub(crate) fn short_count(number: f64) -> String {
    let (scaled, suffix) = match number {
        number if number >= 0.9995e12 => (number / 1e12, "T"),
        number if number >= 0.9995e9 => (number / 1e9, "G"),
        number if number >= 0.9995e6 => (number / 1e6, "M"),
        number if number >= 999.5 => (number / 1e3, "k"),
        number => (number, ""),
    };
    format!("{}{suffix}", (scaled * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> String {
        Vec::from_iter(axis.ticks.iter().map(|tick| tick.label.as_str())).join(" ")
    }

    #[test]
    fn shares_have_round_ends_and_few_labels() {
        assert_eq!(labels(&Axis::shares(0.13, 0.78)), "0 % 20 % 40 % 60 % 80 %");
        assert_eq!(labels(&Axis::shares(0.61, 0.68)), "60 % 62 % 64 % 66 % 68 %");
        assert_eq!(labels(&Axis::shares(0.0, 0.0)), "0.0 % 0.2 %");
        assert_eq!(labels(&Axis::shares(0.0, 1.0)), "0 % 20 % 40 % 60 % 80 % 100 %");
        assert_eq!(labels(&Axis::shares(1.0, 1.0)).split(" %").count(), 2 + 1);
    }

    #[test]
    fn differences_have_signs() {
        assert_eq!(labels(&Axis::differences(-0.021, 0.084)), "\u{2212}4 \u{2212}2 0 +2 +4 +6 +8 +10");
        assert_eq!(labels(&Axis::differences(0.0, 0.0)), "\u{2212}0.1 0.0 +0.1");
    }

    #[test]
    fn logarithms_are_labelled_where_people_look() {
        assert_eq!(labels(&Axis::log(187.0, 186_880.0, Unit::Objects)), "300 1k 3k 10k 30k 100k");
        assert_eq!(labels(&Axis::log(1.0, 1e9, Unit::Objects)), "1 100 10k 1M 100M");
        assert_eq!(labels(&Axis::log(1000.0, 1000.0, Unit::Objects)), "500 700 1k 2k");
        let bytes = Axis::log(40e6, 4e9, Unit::Bytes);
        assert_eq!(labels(&bytes), "64 MiB 256 MiB 1 GiB");
    }

    #[test]
    fn however_narrow_or_wide_an_axis_is_it_has_labels_and_not_too_many() {
        for from in [1.0, 3.0, 187.0, 1999.0, 1e6] {
            for factor in [1.0, 1.2, 2.0, 7.0, 64.0, 1e4, 1e9] {
                for unit in [Unit::Objects, Unit::Bytes] {
                    let axis = Axis::log(from, from * factor, unit);
                    assert!(axis.ticks.len() <= TICKS_MAX, "{axis:?}");
                    assert!(!axis.ticks.is_empty() || unit == Unit::Bytes || factor < 1.3, "{axis:?}");
                    assert!(axis.place(from) >= 0.0 && axis.place(from * factor) <= 1.0 + 1e-9);
                }
            }
        }
    }

    #[test]
    fn values_lie_between_the_ends() {
        let axis = Axis::log(10.0, 1000.0, Unit::Objects);
        assert!((axis.place(100.0) - 0.5).abs() < 1e-12);
        assert_eq!(axis.place(0.0), 0.0, "no logarithm, but the start");
        assert!((Axis::counts(200.0).place(50.0) - 0.25).abs() < 1e-12);
    }
}
