//! How the rate of a load changes over its duration: a curve, and the area below it, so that each request is due at an
//! exact moment.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Serialize;

/// How the rate of a load changes over its duration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Profile {
    /// The rate, from the first second to the last.
    #[default]
    Steady,
    /// From nothing to the rate, evenly.
    Ramp,
    /// The rate, and five times the rate for five seconds of each thirty.
    Burst,
    /// A day at school, from 7 to 18 h, pressed into the duration; the rate is that of its busiest moment.
    SchoolDay,
}

/// A day at school: the hour, and the share of learners of the busiest moment.
const SCHOOL_DAY: [(f64, f64); 15] = [
    (7.0, 0.02),
    (8.0, 0.6),
    (8.5, 1.0),
    (10.0, 0.9),
    // The break.
    (10.25, 0.3),
    (10.5, 0.95),
    (12.0, 0.8),
    // Lunch.
    (12.5, 0.15),
    (13.5, 0.2),
    (14.0, 0.85),
    (15.5, 0.9),
    (16.0, 0.6),
    // Homework.
    (16.5, 0.35),
    (17.5, 0.4),
    (18.0, 0.1),
];

/// A burst comes each so many seconds, …
const BURST_EACH: f64 = 30.0;
/// … after so many, …
const BURST_FROM: f64 = 10.0;
/// … for so many, …
const BURST_LENGTH: f64 = 5.0;
/// … with so many times the rate.
const BURST_FACTOR: f64 = 5.0;

/// The factor of the rate over the share of time that has passed, both from 0 on, the share up to 1: straight lines
/// between points.
#[derive(Debug)]
pub(super) struct Curve(Vec<Point>);

#[derive(Debug, Clone, Copy)]
struct Point {
    share: f64,
    factor: f64,
    /// Below the curve, up to here.
    area: f64,
}

impl Curve {
    /// The curve of a profile over so many seconds.
    pub(super) fn of(profile: Profile, seconds: f64) -> Self {
        match profile {
            Profile::Steady => Self::through([(0.0, 1.0), (1.0, 1.0)]),
            Profile::Ramp => Self::through([(0.0, 0.0), (1.0, 1.0)]),
            Profile::Burst => Self::through(bursts(seconds)),
            Profile::SchoolDay => {
                let (from, to) = (SCHOOL_DAY[0].0, SCHOOL_DAY[SCHOOL_DAY.len() - 1].0);
                Self::through(SCHOOL_DAY.map(|(hour, factor)| ((hour - from) / (to - from), factor)))
            }
        }
    }

    fn through(points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut curve: Vec<Point> = Vec::new();
        for (share, factor) in points {
            let area = curve
                .last()
                .map_or(0.0, |last| last.area + (share - last.share) * (last.factor + factor) / 2.0);
            curve.push(Point { share, factor, area });
        }
        Self(curve)
    }

    /// The factor at a share of time; at a step, that after it.
    #[cfg(test)]
    fn factor(&self, share: f64) -> f64 {
        let (from, to) = self.around(|point| point.share <= share);
        from.factor + slope(from, to) * (share.min(to.share) - from.share)
    }

    /// The area below the curve up to a share of time: how many times the rate went by, of each unit of time.
    pub(super) fn area(&self, share: f64) -> f64 {
        let (from, to) = self.around(|point| point.share <= share);
        let passed = share.clamp(from.share, to.share) - from.share;
        from.area + passed * (from.factor + slope(from, to) * passed / 2.0)
    }

    /// The share of time up to which the area below the curve is this.
    pub(super) fn share_of(&self, area: f64) -> f64 {
        let (from, to) = self.around(|point| point.area <= area);
        let beyond = area.min(to.area) - from.area;
        if beyond <= 0.0 {
            return from.share;
        }
        // beyond = factor × passed + slope × passed² / 2, solved in the form that also holds where the slope is 0.
        let root = (from.factor.powi(2) + 2.0 * slope(from, to) * beyond).max(0.0).sqrt();
        (from.share + 2.0 * beyond / (from.factor + root)).min(to.share)
    }

    /// The points of the line that begins where `is_before` ends to hold.
    fn around(&self, is_before: impl Fn(&Point) -> bool) -> (Point, Point) {
        let before = self.0.partition_point(is_before);
        let from = before.saturating_sub(1).min(self.0.len() - 2);
        (self.0[from], self.0[from + 1])
    }
}

/// How much the factor grows along a line, of each unit of share.
fn slope(from: Point, to: Point) -> f64 {
    if to.share > from.share { (to.factor - from.factor) / (to.share - from.share) } else { 0.0 }
}

fn bursts(seconds: f64) -> Vec<(f64, f64)> {
    let mut points = vec![(0.0, 1.0)];
    let mut factor = 1.0;
    for burst in 0.. {
        let from = f64::from(burst) * BURST_EACH + BURST_FROM;
        for (moment, next) in [(from, BURST_FACTOR), (from + BURST_LENGTH, 1.0)] {
            if moment >= seconds {
                points.push((1.0, factor));
                return points;
            }
            points.extend([(moment / seconds, factor), (moment / seconds, next)]);
            factor = next;
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Profile; 4] = [Profile::Steady, Profile::Ramp, Profile::Burst, Profile::SchoolDay];

    fn near(measured: f64, exact: f64) {
        assert!((measured - exact).abs() < 1e-9, "{measured} and {exact}");
    }

    #[test]
    fn the_area_is_that_below_the_factor() {
        for profile in ALL {
            let curve = Curve::of(profile, 75.0);
            let (mut sum, steps) = (0.0, 75_000);
            for step in 0..steps {
                let middle = (f64::from(step) + 0.5) / f64::from(steps);
                sum += curve.factor(middle) / f64::from(steps);
                let end = f64::from(step + 1) / f64::from(steps);
                assert!((curve.area(end) - sum).abs() < 1e-6, "{profile:?} at {end}");
            }
        }
    }

    #[test]
    fn a_share_and_its_area_belong_together() {
        for profile in ALL {
            let curve = Curve::of(profile, 75.0);
            let mut last = 0.0;
            for step in 0..=1_000 {
                let area = curve.area(1.0) * f64::from(step) / 1_000.0;
                let share = curve.share_of(area);
                assert!((last..=1.0).contains(&share), "{profile:?}: {share} after {last}");
                near(curve.area(share), area);
                last = share;
            }
            near(curve.share_of(0.0), 0.0);
            near(curve.share_of(1e9), 1.0);
        }
    }

    #[test]
    fn a_ramp_goes_from_nothing_to_the_rate() {
        let ramp = Curve::of(Profile::Ramp, 60.0);
        near(ramp.factor(0.5), 0.5);
        near(ramp.area(1.0), 0.5);
        near(ramp.share_of(0.125), 0.5);
    }

    #[test]
    fn a_burst_is_five_times_the_rate_for_five_seconds_of_each_thirty() {
        let burst = Curve::of(Profile::Burst, 60.0);
        for second in 0..60 {
            let expected = if (10..15).contains(&(second % 30)) { 5.0 } else { 1.0 };
            near(burst.factor((f64::from(second) + 0.5) / 60.0), expected);
        }
        near(burst.area(1.0) * 60.0, 50.0 + 5.0 * 10.0);
        // One that ends within a burst, and one that ends before the first.
        near(Curve::of(Profile::Burst, 12.0).area(1.0) * 12.0, 10.0 + 5.0 * 2.0);
        near(Curve::of(Profile::Burst, 5.0).area(1.0), 1.0);
    }

    #[test]
    fn the_busiest_moment_of_a_school_day_has_the_rate() {
        let day = Curve::of(Profile::SchoolDay, 600.0);
        let most = (0..=1_000).map(|step| day.factor(f64::from(step) / 1_000.0)).fold(0.0, f64::max);
        assert!((0.99..=1.0).contains(&most), "{most}");
        near(day.factor((8.5 - 7.0) / 11.0), 1.0);
        assert!(day.factor((12.75 - 7.0) / 11.0) < 0.3, "nobody has lunch");
    }
}
