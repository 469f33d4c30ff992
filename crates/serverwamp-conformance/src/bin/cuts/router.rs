//! The router, a process of its own.

use super::Failure;
use serverwamp::{Application, Realm, Server};
use std::future::pending;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// Serves a realm of clients, until it is killed.
pub(crate) async fn serve(address: &str) -> Result<(), Failure> {
    let realm = Realm::router("realm1").allow_anonymous("guest");
    let server = Server::new(Application::builder().realm(realm).build()?).bind(address).await?;
    println!("listening");
    Ok(server.serve(pending()).await?)
}

/// An address that nobody listens at.
pub(crate) fn free_address() -> Result<String, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// A router that runs. It is killed when this is dropped.
pub(crate) struct RouterProcess(Child);

impl RouterProcess {
    /// Starts a router, and waits until it listens.
    pub(crate) fn start(address: &str) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = Self(command.args(["router", address]).stdout(Stdio::piped()).spawn()?);
        let output = child.0.stdout.take().ok_or("the router has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        if line.trim() == "listening" { Ok(child) } else { Err("the router has not started".into()) }
    }

    /// Kills it with SIGKILL.
    pub(crate) fn kill(mut self) -> Result<(), Failure> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for RouterProcess {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}
