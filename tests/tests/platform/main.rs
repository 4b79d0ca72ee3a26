//! The platform as its users meet it, story by story. One executable: linking is what takes time.

mod access;
mod analytics;
mod architecture;
mod body_limits;
mod counted_once;
mod funmooc;
mod health;
mod judge;
mod life;
mod live;
mod load;
mod original_queries;
mod orphans;
mod pages;
mod pending;
mod progress;
mod properties;
mod rejected_logs;
mod retention;
mod roster;
mod sessions;
mod silence;
mod simulator;
mod startup;
mod statuses;
mod verdicts;
