//! Commands that look after the files of a logbook.

pub mod doctor;
mod doctor_findings;
