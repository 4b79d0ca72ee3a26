use super::*;
use crate::entropy;

fn posted(json: &str) -> Result<Given, Vec<(String, &'static str)>> {
    let mut posted: PostedUser = serde_json::from_str(json).unwrap();
    let read = posted.name_and_password(&mut entropy::rng()).map(|(_, password)| password);
    read.map_err(|problem| problem.faults().iter().map(|fault| (fault.pointer.clone(), fault.code)).collect())
}

fn patched(json: &str) -> (Option<Given>, Option<Vec<String>>) {
    let mut patched: PatchedUser = serde_json::from_str(json).unwrap();
    let password = patched.new_password("ada", &mut entropy::rng()).unwrap();
    (password, patched.classrooms())
}

#[test]
fn each_fault_has_its_place() {
    let faults = posted(r#"{"name": "a da", "role": "analyst", "password": "short"}"#).err().unwrap();
    let expected = [("/name", "invalid_text"), ("/password", "invalid_password")];
    assert_eq!(faults, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    for name in ["", "a:da", "Anonymous", "été"] {
        let json = format!(r#"{{"name": "{name}", "role": "analyst"}}"#);
        assert_eq!(posted(&json).err().unwrap(), [("/name".to_owned(), "invalid_text")], "{name}");
    }
}

#[test]
fn a_password_that_is_not_given_is_drawn() {
    assert!(posted(r#"{"name": "ada", "role": "operator"}"#).ok().unwrap().is_drawn);
    assert!(posted(r#"{"name": "ada", "role": "operator", "password": null}"#).ok().unwrap().is_drawn);
    let chosen =
        posted(r#"{"name": "ada", "role": "operator", "password": "long enough it is"}"#).ok().unwrap();
    assert!(!chosen.is_drawn && chosen.password.expose() == "long enough it is");
}

#[test]
fn in_a_change_null_is_told_from_absent() {
    assert!(matches!(patched("{}"), (None, None)));
    let (password, classrooms) = patched(r#"{"password": null, "classrooms": null}"#);
    assert!(password.unwrap().is_drawn);
    assert_eq!(classrooms, Some(Vec::new()));
    assert!(serde_json::from_str::<PatchedUser>(r#"{"name": "eve"}"#).is_err());
}

#[test]
fn unknown_classrooms_are_told_where_they_stand() {
    let sent = ["IA_2025", "Nowhere", "Web_2025", "Nowhere"].map(str::to_owned);
    let faults = unknown_classrooms(&sent, &["Nowhere".to_owned()].into());
    let places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(places, ["/classrooms/1", "/classrooms/3"]);
}
