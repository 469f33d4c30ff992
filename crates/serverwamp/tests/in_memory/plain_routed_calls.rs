//! Plain calls of one client's procedure in a row, which take a shorter way from the second on, beside calls with an option that
//! changes nothing, which take the way of all: everybody hears the same.

use super::peer::Peer;
use serverwamp::{Application, Realm};

/// Fewer calls than invocations in flight in the first case, more in the second.
const LIMITS: [(usize, usize); 2] = [(5, 100), (40, 16)];

const CALLEE: [&str; 2] = ["{}", r#"{"features":{"call_canceling":true}}"#];

/// The text behind which nothing more comes of what was said before.
const FENCE: &str = r#"[8,34,9000,{},"wamp.error.no_such_subscription""#;

/// Numbers without a pattern, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn one_of(&mut self, ids: &[u64]) -> Option<u64> {
        (!ids.is_empty()).then(|| ids[self.below(ids.len())])
    }
}

/// A caller and a callee of one application.
struct Pair {
    application: Application,
    options: &'static str,
    features: &'static str,
    caller: Peer,
    callee: Peer,
    /// What both have heard.
    heard: Vec<String>,
    /// Calls and invocations without an answer, as far as they were told.
    calls: Vec<u64>,
    invocations: Vec<u64>,
}

async fn join(application: &Application, callee: &str) -> Peer {
    let mut peer = Peer::connect(application);
    let features = r#"{"features":{"call_canceling":true}}"#;
    peer.say(&format!(
        r#"[1,"one",{{"roles":{{"caller":{features},"callee":{callee},"subscriber":{{}}}}}}]"#
    ))
    .await;
    assert!(peer.hear().await.starts_with("[2,"));
    peer
}

/// All that `peer` hears of what was said so far.
async fn hear_all(peer: &mut Peer) -> Vec<String> {
    peer.say("[34,9000,9999]").await;
    let mut heard = Vec::new();
    loop {
        let message = peer.hear().await;
        if message.starts_with(FENCE) {
            return heard;
        }
        heard.push(message);
    }
}

/// The id behind the beginning of a message.
fn id_behind(message: &str, beginning: &str) -> Option<u64> {
    message.strip_prefix(beginning)?.split([',', ']']).next()?.parse().ok()
}

impl Pair {
    async fn new(options: &'static str, features: &'static str, limits: (usize, usize)) -> Self {
        let realm = Realm::router("one").allow_anonymous("guest");
        let application = Application::builder().realm(realm).limits(|all| {
            (all.calls_in_flight, all.invocations_in_flight) = limits;
        });
        let application = application.build().unwrap();
        let (caller, callee) = (join(&application, "{}").await, join(&application, features).await);
        let (heard, calls, invocations) = (Vec::new(), Vec::new(), Vec::new());
        Self { application, options, features, caller, callee, heard, calls, invocations }
    }

    async fn call(&mut self, id: u64, procedure: &str, arguments: &str) {
        let options = self.options;
        self.calls.push(id);
        self.caller.say(&format!(r#"[48,{id},{options},"{procedure}"{arguments}]"#)).await;
    }

    /// Another callee comes in place of the former one, which has left.
    async fn replace_callee(&mut self) {
        self.callee.say(r#"[6,{},"wamp.close.normal"]"#).await;
        while !self.callee.hear().await.starts_with("[6,") {}
        self.callee = join(&self.application, self.features).await;
        self.invocations.clear();
    }

    /// Notes what both have heard since the last time.
    async fn settle(&mut self) {
        // Whatever a message of one causes is queued for the other before the fence of the first is answered.
        for peer in 0..3 {
            let peer = if peer == 1 { &mut self.callee } else { &mut self.caller };
            for message in hear_all(peer).await {
                let answered = id_behind(&message, "[50,").or_else(|| id_behind(&message, "[8,48,"));
                self.calls.retain(|id| Some(*id) != answered);
                self.invocations.extend(id_behind(&message, "[68,"));
                self.heard.push(message);
            }
        }
    }
}

/// What both pairs do next.
enum Step {
    Call(u64, &'static str, &'static str),
    Callee(String),
    Cancel(String),
    ReplaceCallee,
}

/// Chooses the next step by what the first pair has in flight, which the second one has as well.
fn next_step(numbers: &mut Numbers, pair: &mut Pair, next: &mut u64, answered: &[u64]) -> Step {
    let arguments = ["", ",[7]", r#",["some text that is longer than most"]"#, r#",[],{"a":[1,{"b":2}]}"#];
    let arguments = arguments[numbers.below(arguments.len())];
    let invocation = numbers.one_of(&pair.invocations);
    match (numbers.below(60), invocation) {
        (0..26, _) => {
            *next += 1;
            Step::Call(*next, "com.a", arguments)
        }
        (26..29, _) => {
            *next += 1 + numbers.below(3) as u64;
            Step::Call(*next, ["com.b", "com.none", "com.x.y"][numbers.below(3)], arguments)
        }
        // An id that was used before, whose call is over.
        (29, _) => match numbers.one_of(answered).filter(|id| !pair.calls.contains(id)) {
            Some(id) => Step::Call(id, "com.a", arguments),
            None => Step::Callee(r#"[64,70,{"match":"prefix"},"com.x"]"#.to_owned()),
        },
        (30..48, Some(id)) => {
            pair.invocations.retain(|open| *open != id);
            Step::Callee(format!("[70,{id},{{}}{arguments}]"))
        }
        (48..50, Some(id)) => {
            pair.invocations.retain(|open| *open != id);
            Step::Callee(format!(r#"[8,68,{id},{{}},"com.error.no"{arguments}]"#))
        }
        // It was not asked for.
        (50, Some(id)) => Step::Callee(format!(r#"[70,{id},{{"progress":true}},[1]]"#)),
        (51..54, _) => match numbers.one_of(&pair.calls) {
            Some(id) => {
                let mode = ["skip", "kill", "killnowait"][numbers.below(3)];
                Step::Cancel(format!(r#"[49,{id},{{"mode":"{mode}"}}]"#))
            }
            None => Step::Callee(r#"[64,71,{},"com.b"]"#.to_owned()),
        },
        // Registrations of the realm are numbered from 1 on.
        (54, _) => Step::Callee(format!("[66,72,{}]", 1 + numbers.below(6))),
        (55, _) if numbers.below(4) == 0 => Step::ReplaceCallee,
        _ => Step::Callee(r#"[64,73,{},"com.a"]"#.to_owned()),
    }
}

#[tokio::test]
async fn calls_of_a_client_procedure_are_answered_as_those_on_the_way_of_all() {
    let (mut results, mut refused, mut interrupts) = (0, 0, 0);
    for round in 0..24 {
        let (limits, features) = (LIMITS[round % 2], CALLEE[round / 2 % 2]);
        let mut pairs = [
            Pair::new("{}", features, limits).await,
            Pair::new(r#"{"timeout":90000}"#, features, limits).await,
        ];
        let mut numbers = Numbers(round as u64 * 2 + 77);
        let (mut next, mut answered) = (0, Vec::<u64>::new());
        for step in 0..150 {
            let chosen = next_step(&mut numbers, &mut pairs[0], &mut next, &answered);
            pairs[1].invocations = pairs[0].invocations.clone();
            for pair in &mut pairs {
                match &chosen {
                    Step::Call(id, procedure, arguments) => pair.call(*id, procedure, arguments).await,
                    Step::Callee(message) => pair.callee.say(message).await,
                    Step::Cancel(message) => pair.caller.say(message).await,
                    Step::ReplaceCallee => pair.replace_callee().await,
                }
                pair.settle().await;
            }
            let [plain, other] = &pairs;
            assert_eq!(plain.heard, other.heard, "round {round}, step {step}");
            assert_eq!(plain.invocations, other.invocations, "round {round}, step {step}");
            let text = |beginning: &str| plain.heard.iter().filter(|one| one.starts_with(beginning)).count();
            results += text("[50,");
            interrupts += text("[69,");
            refused += plain.heard.iter().filter(|one| one.contains("wamp.error.unavailable")).count();
            answered = (1..=next).filter(|id| !plain.calls.contains(id)).collect();
            pairs.iter_mut().for_each(|pair| pair.heard.clear());
        }
        for pair in pairs {
            drop((pair.caller, pair.callee));
            while pair.application.statistics().calls_in_flight > 0 {
                tokio::task::yield_now().await;
            }
        }
    }
    assert!(results > 300 && refused > 20 && interrupts > 5, "{results}, {refused}, {interrupts}");
}
