//! People who sign in.

use serde_json::{Value, json};

use crate::Client;

impl Client {
    /// A page in a browser of whoever signs in with this name and password.
    pub async fn signed_in_as(&self, name: &str, password: &str) -> Client {
        let answer = self.post_json("/auth/session", &json!({"name": name, "password": password})).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        let (cookie, _) = answer.header("set-cookie").split_once(';').expect("a cookie");
        self.with_cookie(cookie)
    }

    /// Makes a user; returns the password that was drawn.
    pub async fn make_user(&self, name: &str, role: &str, classrooms: Option<&[&str]>) -> String {
        let user = json!({"name": name, "role": role, "classrooms": classrooms});
        let made = self.post_json("/users", &user).await.expect(201);
        made["password"].as_str().unwrap_or_else(|| panic!("no password in {made}")).to_owned()
    }

    /// Makes a user who signs in at once.
    pub async fn user(&self, name: &str, role: &str, classrooms: Option<&[&str]>) -> Client {
        let password = self.make_user(name, role, classrooms).await;
        self.without_token().signed_in_as(name, &password).await
    }

    /// Who the platform takes this client for.
    pub async fn session(&self) -> Value {
        self.get("/auth/session").await.expect(200)
    }
}
