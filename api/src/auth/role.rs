//! The role of a user, as clients read and write it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::store::Role;

/// What a person is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UserRole {
    /// Teaches some classrooms, and sees their learners alone: `read`, `learners`.
    Educator,
    /// Reads and makes figures of all classrooms, without names: `read`, `report`.
    Analyst,
    /// Runs the platform: every scope but `ingest`.
    Operator,
}

impl From<Role> for UserRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Educator => Self::Educator,
            Role::Analyst => Self::Analyst,
            Role::Operator => Self::Operator,
        }
    }
}

impl From<UserRole> for Role {
    fn from(role: UserRole) -> Self {
        match role {
            UserRole::Educator => Self::Educator,
            UserRole::Analyst => Self::Analyst,
            UserRole::Operator => Self::Operator,
        }
    }
}
