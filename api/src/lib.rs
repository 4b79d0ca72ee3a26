//! The API server of EdTech Stream, in the order in which a streaming log travels through it.
//!
//! # The life of a streaming log
//!
//! 1. It is **let in**: [`routes`] knows every URL, and [`auth`] what its bearer may do.
//! 2. It is **received**: [`ingest`] parses it, judges it and puts it into a group with its neighbours.
//! 3. It is **stored and counted**: [`store`] writes the log and the figures that it moves in one transaction. Only
//!    then does the client read a 2xx.
//! 4. It is **pulled**: [`analytics`] answers from those figures whoever asks for a day, a lesson or a classroom.
//! 5. It is **pushed**: [`live`] hears of the commit and sends what changed to everyone who watches.
//!
//! [`benchmarks`] measures all of that from outside, as a stranger would. [`audit`] notes who did what, [`privacy`] tells a
//! learner what is kept. [`roster`] knows the learners, classrooms and lessons that logs speak of, [`people`] those who may read of them, and [`app`] puts all of it together.
//!
//! # Who may know whom
//!
//! `routes → {auth, people, roster, ingest, analytics, live, benchmarks, audit, privacy} → store`. Arrows point to the right alone; [`config`], [`clock`],
//! [`error`] and [`request_id`] know nobody. A test keeps it so.

pub mod app;
pub mod cli;
pub mod server;

pub mod routes;

pub mod auth;
pub mod people;
pub mod roster;

pub mod ingest;

pub mod store;

pub mod analytics;

pub mod live;

pub mod benchmarks;

pub mod audit;
pub mod privacy;

pub mod retention;

pub mod dashboard;
pub mod health;
pub mod openapi;

pub mod accept;
pub mod body;
pub mod clock;
pub mod config;
pub mod data_dir;
pub mod elements;
pub mod entropy;
pub mod error;
pub mod extractors;
pub mod figures;
pub mod forwarded;
pub mod id;
pub mod name;
pub mod one_of_each;
pub mod one_or_many;
pub mod paging;
pub mod parameters;
pub mod parent;
pub mod pieces;
pub mod pointer;
pub mod refusals;
pub mod rejected_item;
pub mod request_id;
pub mod room;
pub mod spreadsheet;
pub mod telemetry;
pub mod whole_number;
