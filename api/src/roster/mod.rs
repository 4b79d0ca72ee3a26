//! Who learns what, where: learners, classrooms and lessons, kept by those who administer them.
//!
//! Rows are named by the ids that they have in the LMS; posting a roster twice changes nothing. Names of learners are
//! answered to the scope `learners` alone, to an educator those of her classrooms, and are never logged.

pub mod delete_classroom;
pub mod delete_lesson;
pub mod delete_student;
pub mod get_classroom;
pub mod get_classrooms;
pub mod get_lesson;
pub mod get_lessons;
pub mod get_student;
pub mod get_students;
pub mod patch_classroom;
pub mod patch_lesson;
pub mod patch_student;
pub mod post_classrooms;
pub mod post_lessons;
pub mod post_students;

mod batch;
mod classroom;
mod csv_shape;
mod lesson;
mod pairs;
mod posted_row;
mod roster_body;
mod student;

pub use batch::{RosterAnswer, RosterVerdicts};
pub use classroom::{Classroom, NamedClassroom};
pub use delete_student::ErasureReceipt;
pub use lesson::{Lesson, PatchedLesson, PostedLesson};
pub use student::{PatchedStudent, PostedStudent, Student};

use posted_row::TextField;

/// The LMS's name for a learner or a lesson.
const EXTERNAL_ID: TextField = TextField::new("external_id", 255);

/// The name of a classroom.
const CLASSROOM: TextField = TextField::new("classroom", 100).in_urls();
