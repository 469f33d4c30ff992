// cargo add serverwamp -F client; cargo add serde_json; cargo add tokio -F macros,rt-multi-thread
use serde_json::{Map, Value};
use serverwamp::client::Client;
use serverwamp::extract::{Args, Kwargs};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<Value> = serde_json::from_str("[40,2]")?;
    let kwargs: Map<String, Value> = serde_json::from_str("{}")?;
    let client = Client::connect("ws://127.0.0.1:8080/console/ws").realm("realm1").await?;
    let answer: (Args<Vec<Value>>, Kwargs<Map<String, Value>>) = client.call("demo.add", (Args(args), Kwargs(kwargs))).await?;
    println!("{} {}", Value::from(answer.0.0), Value::from(answer.1.0));
    client.leave().await;
    Ok(())
}
