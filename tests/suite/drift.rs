//! Compares the code with the official OpenAPI description. The environment variable `CLERK_OPENAPI` has its absolute path.
//!
//! The tests read names, samples and bounds from the description, and observe the requests and results of the code. Nothing is copied
//! here, so a change on either side makes a test fail. Intended differences are listed in [`EXTRAS`], [`NEEDED_OTHERWISE`] and
//! [`UNLISTED_FILTER`]. An entry that has become unnecessary also makes a test fail.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::identity;
use std::path::Path;
use std::{env, fs};

use clerk_sessions_core::http::{Request, Response};
use std::time::Duration;

use clerk_sessions_core::call::{CallContext, Flow, Step};
use clerk_sessions_core::operation::Operation;
use clerk_sessions_core::{
    Api, CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, Error, GetSession, ListSessions,
    RefreshSession, RevokeSession, SessionStatus, TokenFormat, registry,
};
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde::Serialize;
use serde_json::{Map, Value, json};
use url::Url;

/// Parameters of the code that are not in the description: operation, place, name and type.
const EXTRAS: [(&str, &str, &str, &str); 3] = [
    // Clerk's own SDK sends it.
    ("RefreshSession", "query", "suffixed_cookies", "boolean"),
    // The server copies it to the token's `azp` claim.
    ("CreateSessionToken", "header", "origin", "string"),
    ("CreateSessionTokenFromTemplate", "header", "origin", "string"),
];

/// Response fields that only the code or only the description requires: operation and field.
const NEEDED_OTHERWISE: [(&str, &str); 3] = [
    // The code distinguishes the two shapes of this response by their other field.
    ("RefreshSession", "object"),
    // The description does not require the token, but the response is useless without it.
    ("CreateSessionToken", "jwt"),
    ("CreateSessionTokenFromTemplate", "jwt"),
];

/// The status that the description has for sessions, but not for the list filter.
const UNLISTED_FILTER: &str = "pending";

/// The members of a path item that are operations.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

#[test]
fn operations_match_the_description() {
    compare(|description, drift| {
        let official = description
            .operations()
            .into_iter()
            .map(|Described { id, method, path, .. }| format!("{id}: {method} {path}"));
        let code = registry::OPERATIONS
            .iter()
            .map(registry::Entry::metadata)
            .map(|meta| format!("{}: {} {}", meta.id, meta.method, meta.path));
        drift.compare("operations", official, code);
    });
}

#[test]
fn parameters_match_the_description() {
    compare(|description, drift| {
        for operation in description.shared_operations() {
            let names = operation.parameters.iter().map(|parameter| parameter.name.clone());
            let mut seen = BTreeSet::new();
            for twice in names.clone().filter(|name| !seen.insert(name.clone())) {
                drift.note(format!("{}: `{twice}` is there twice; if it is in EXTRAS, drop it there", operation.id));
            }
            match accepted_names(operation.id) {
                Ok(accepted) => drift.compare(&format!("parameters of {}", operation.id), names, accepted),
                Err(fault) => drift.note(fault),
            }
        }
    });
}

#[test]
fn parameters_are_sent_in_the_place_that_the_description_names() {
    compare(|description, drift| {
        for operation in description.shared_operations() {
            match send(operation.id, operation.everything()) {
                Ok(request) => drift.compare(
                    &format!("request of {}", operation.id),
                    operation.expected(),
                    operation.carried_by(&request),
                ),
                Err(error) => drift.note(format!("with every parameter given, {error}")),
            }
        }
    });
}

#[test]
fn parameters_are_required_as_the_description_says() {
    compare(|description, drift| {
        for operation in description.callable_operations() {
            for parameter in &operation.parameters {
                drift.expect(&operation, parameter, None, !parameter.required);
                let null_fits = !parameter.required || parameter.schema["nullable"] == true;
                drift.expect(&operation, parameter, Some(Value::Null), null_fits);
            }
        }
    });
}

#[test]
fn parameters_have_the_bounds_of_the_description() {
    compare(|description, drift| {
        for operation in description.callable_operations() {
            for parameter in &operation.parameters {
                for value in values(&parameter.schema) {
                    drift.expect(&operation, parameter, Some(value.clone()), true);
                }
                if parameter.schema["type"] != "integer" {
                    continue;
                }
                let (min, max) = bounds(&parameter.schema);
                for inside in [min, max] {
                    drift.expect(&operation, parameter, Some(inside.into()), true);
                }
                // If the description has no bound, there is no value outside of it.
                for outside in [min.checked_sub(1), max.checked_add(1)].into_iter().flatten() {
                    drift.expect(&operation, parameter, Some(outside.into()), false);
                }
            }
        }
    });
}

#[test]
fn models_have_every_field_of_the_description() {
    compare(|description, drift| {
        let readers = readers();
        for operation in description.shared_operations() {
            let Some(read) = readers.get(operation.id) else {
                drift.note(format!("{}: this test has no reader for its response", operation.id));
                continue;
            };
            for shape in description.shapes(operation.response) {
                let full = description.sample(operation.id, shape);
                match read(&full) {
                    Ok(model) => drift.compare("models", leaves(operation.id, &full), leaves(operation.id, &model)),
                    Err(error) => drift.note(format!("a full response is refused: {error}")),
                }
            }
        }
    });
}

#[test]
fn models_require_the_fields_that_the_description_requires() {
    compare(|description, drift| {
        for (id, read) in readers() {
            let Some(operation) = description.operation(id) else {
                continue;
            };
            let shapes = description.shapes(operation.response);
            for shape in &shapes {
                let full = description.sample(id, shape);
                // The test above reports that.
                if read(&full).is_err() {
                    continue;
                }
                for field in description.fields(shape) {
                    drift.expect_need(id, &read, &full, &field, shapes.len());
                }
            }
        }
    });
}

#[test]
fn enums_have_the_values_of_the_description() {
    compare(|description, drift| {
        let statuses = || SessionStatus::KNOWN.iter().map(SessionStatus::as_str).map(str::to_owned);
        let session = description.operation("GetSession").map(|operation| operation.response);
        let status = session.map(|session| description.resolve(&session["properties"]["status"]));
        drift.compare("statuses of a session", status.into_iter().flat_map(texts), statuses());
        drift.compare(
            "statuses of the list filter",
            description.texts_of_parameter("GetSessionList", "status"),
            statuses().filter(|status| status != UNLISTED_FILTER),
        );
        drift.compare(
            "formats of a refresh",
            description.texts_of_parameter("RefreshSession", "format"),
            TokenFormat::KNOWN.iter().map(TokenFormat::as_str).map(str::to_owned),
        );
    });
}

#[test]
fn version_and_server_match_the_description() {
    compare(|Description(root), drift| {
        for (what, official, code) in [
            ("info.version", &root["info"]["version"], Api::DEFAULT_VERSION),
            ("servers[0].url", &root["servers"][0]["url"], Api::DEFAULT_BASE_URL),
        ] {
            drift.compare(what, [text(official)], [code.to_owned()]);
        }
    });
}

/// Runs a comparison if there is a description, and fails with all differences that it found.
fn compare(comparison: impl Fn(&Description, &mut Drift)) {
    let Some(path) = env::var_os("CLERK_OPENAPI") else {
        println!("CLERK_OPENAPI is not set: skipped");
        return;
    };
    let mut drift = Drift(Vec::new());
    comparison(&Description::load(Path::new(&path)), &mut drift);
    assert!(drift.0.is_empty(), "the code and the description differ:\n- {}", drift.0.join("\n- "));
}

/// The differences that a test has found. A run reports all of them.
struct Drift(Vec<String>);

impl Drift {
    fn note(&mut self, difference: String) {
        self.0.push(difference);
    }

    fn compare(
        &mut self,
        what: &str,
        official: impl IntoIterator<Item = String>,
        code: impl IntoIterator<Item = String>,
    ) {
        let official: BTreeSet<_> = official.into_iter().collect();
        let code: BTreeSet<_> = code.into_iter().collect();
        for only in official.difference(&code) {
            self.note(format!("{what}: only the description has {only}"));
        }
        for only in code.difference(&official) {
            self.note(format!("{what}: only the code has {only}"));
        }
    }

    /// Makes a call in which all other parameters have their samples. Checks that the parameter is sent, or refused with an error that
    /// names it.
    fn expect(&mut self, operation: &Described<'_>, parameter: &Parameter, given: Option<Value>, fits: bool) {
        let Parameter { name, .. } = parameter;
        let case = match &given {
            Some(value) => format!("{}: `{name}` = {value}", operation.id),
            None => format!("{}: leaving out `{name}`", operation.id),
        };
        let mut parameters = operation.everything();
        parameters.remove(name);
        parameters.extend(given.map(|value| (name.clone(), value)));
        match send(operation.id, parameters) {
            Ok(_) if !fits => self.note(format!("{case} violates the description, but is sent")),
            Err(error) if fits => self.note(format!("{case} is valid by the description, but is refused: {error}")),
            Err(error) if !matches!(&error, Error::Build(fault) if fault.field() == name) => {
                self.note(format!("{case} is refused for another reason: {error}"));
            }
            _ => {}
        }
    }

    /// Parses a full response without this field. Checks that it is accepted, or refused with an error that names the field. Then
    /// does the same with `null`.
    fn expect_need(&mut self, id: &str, read: &Reader, full: &Value, field: &Field, shapes: usize) {
        let place = field.place();
        let (needed, by) = match NEEDED_OTHERWISE.contains(&(id, &*place)) {
            true => (!field.required, "NEEDED_OTHERWISE"),
            false => (field.required, "the description"),
        };
        match read(&field.removed_from(full)) {
            Ok(_) if needed => self.note(format!("{id}: {by} requires `{place}`, but the code does not")),
            Err(error) if !needed => self.note(format!("{by} does not require `{place}`, but the code does: {error}")),
            Err(error) if !is_missing(&error, &place, shapes) => {
                self.note(format!("`{place}` is missing, but the error does not say so: {error}"));
            }
            _ => {}
        }
        if field.nullable {
            if let Err(error) = read(&field.nulled_in(full)) {
                self.note(format!("`{place}` is nullable, but null is an error: {error}"));
            }
        }
    }
}

/// The official description.
struct Description(Value);

impl Description {
    fn load(path: &Path) -> Self {
        let file = format!("CLERK_OPENAPI ({path:?})");
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{file} can't be read: {error}"));
        let documents = Yaml::load_from_str(&text).unwrap_or_else(|error| panic!("{file} is not YAML: {error}"));
        let root = documents.first().map(json_of).unwrap_or_default();
        // Almost any text is YAML.
        assert!(root["paths"].is_object(), "{file} is not an OpenAPI description: it has no `paths`");
        Self(root)
    }

    /// Returns `node`, or the target of its `$ref`.
    fn resolve<'a>(&'a self, mut node: &'a Value) -> &'a Value {
        while let Some(reference) = node["$ref"].as_str() {
            node = reference
                .strip_prefix('#')
                .and_then(|pointer| self.0.pointer(pointer))
                .unwrap_or_else(|| panic!("the target of the reference {reference} is not in the description"));
        }
        node
    }

    /// The schema of a request body or a response.
    fn schema_of<'a>(&'a self, message: &'a Value) -> &'a Value {
        self.resolve(&self.resolve(message)["content"]["application/json"]["schema"])
    }

    fn operations(&self) -> Vec<Described<'_>> {
        let paths = members(&self.0["paths"]).filter(|(path, _)| path.starts_with("/sessions"));
        paths
            .flat_map(|(path, item)| {
                let item = self.resolve(item);
                let operations = METHODS.map(|method| (method, &item[method]));
                let there = operations.into_iter().filter(|(_, operation)| operation.is_object());
                there.map(move |(method, operation)| self.described(path, item, method, operation))
            })
            .collect()
    }

    /// The operations that are also in the registry. One test reports the others, so the other tests ignore them.
    fn shared_operations(&self) -> impl Iterator<Item = Described<'_>> {
        let operations = self.operations().into_iter();
        operations.filter(|operation| registry::find(operation.id).is_some())
    }

    /// The operations that can be called with every sample. One test reports the others.
    fn callable_operations(&self) -> impl Iterator<Item = Described<'_>> {
        let operations = self.shared_operations();
        operations.filter(|operation| send(operation.id, operation.everything()).is_ok())
    }

    fn operation(&self, id: &str) -> Option<Described<'_>> {
        self.operations().into_iter().find(|operation| operation.id == id)
    }

    fn described<'a>(&'a self, path: &'a str, item: &'a Value, method: &str, operation: &'a Value) -> Described<'a> {
        let method = method.to_uppercase();
        let id = operation["operationId"].as_str();
        let id = id.unwrap_or_else(|| panic!("{method} {path} of the description has no operationId"));
        let extras = EXTRAS.iter().filter(|(operation, ..)| *operation == id);
        let extras = extras.map(|(_, place, name, kind)| self.parameter(place, name, false, &json!({"type": kind})));
        Described {
            id,
            method,
            path,
            parameters: self.parameters(item, operation).chain(extras).collect(),
            response: self.schema_of(&operation["responses"]["200"]),
        }
    }

    fn parameters(&self, item: &Value, operation: &Value) -> impl Iterator<Item = Parameter> + use<> {
        // Indexed by place and name, because parameters of the operation override those of its path item.
        let mut found = BTreeMap::new();
        for parameter in elements(&item["parameters"]).chain(elements(&operation["parameters"])) {
            let parameter = self.resolve(parameter);
            let (place, name) = (text(&parameter["in"]), text(&parameter["name"]));
            let required = place == "path" || parameter["required"] == true;
            let parameter = self.parameter(&place, &name, required, &parameter["schema"]);
            found.insert((place, name), parameter);
        }
        let body = self.schema_of(&operation["requestBody"]);
        for (name, schema) in members(&body["properties"]) {
            let parameter = self.parameter("body", name, requires(body, name), schema);
            found.insert(("body".to_owned(), name.clone()), parameter);
        }
        found.into_values()
    }

    fn parameter(&self, place: &str, name: &str, required: bool, schema: &Value) -> Parameter {
        Parameter {
            place: place.to_owned(),
            name: name.to_owned(),
            required,
            schema: self.resolve(schema).clone(),
            sample: self.sample(name, schema),
        }
    }

    fn texts_of_parameter(&self, id: &str, name: &str) -> Vec<String> {
        let parameters = self.operation(id).into_iter().flat_map(|operation| operation.parameters);
        parameters.filter(|parameter| parameter.name == name).flat_map(|parameter| texts(&parameter.schema)).collect()
    }

    /// The schemas that a response may have.
    fn shapes<'a>(&'a self, schema: &'a Value) -> Vec<&'a Value> {
        match schema["oneOf"].as_array() {
            Some(alternatives) => alternatives.iter().map(|alternative| self.resolve(alternative)).collect(),
            None => vec![schema],
        }
    }

    /// A value with every property. Texts are made from the property's name, so that mixed-up properties are detected.
    fn sample(&self, name: &str, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        if let Some(given) = values(schema).next().or(schema.get("default")) {
            return given.clone();
        }
        match schema["type"].as_str() {
            Some("string") => format!("x-{name}").into(),
            Some("boolean") => true.into(),
            Some("integer") => {
                let (min, max) = bounds(schema);
                name.bytes().map(i64::from).sum::<i64>().clamp(min, max).into()
            }
            Some("array") => json!([self.sample(name, &schema["items"])]),
            Some("object") if schema["properties"].is_null() => json!({"a": ["b"]}),
            Some("object") => {
                members(&schema["properties"]).map(|(name, schema)| (name.clone(), self.sample(name, schema))).collect()
            }
            _ => panic!("{name}: this test can't create a sample for the schema {schema}"),
        }
    }

    /// Every property of the schema, including nested ones.
    fn fields(&self, schema: &Value) -> Vec<Field> {
        let schema = self.resolve(schema);
        let below = |pointer: &str, schema: &Value| -> Vec<Field> {
            let fields = self.fields(schema).into_iter();
            fields.map(|field| Field { pointer: format!("{pointer}{}", field.pointer), ..field }).collect()
        };
        if schema["type"] == "array" {
            return below("/0", &schema["items"]);
        }
        let properties = members(&schema["properties"]);
        properties
            .flat_map(|(name, property)| {
                let field = Field {
                    pointer: format!("/{name}"),
                    required: requires(schema, name),
                    nullable: self.resolve(property)["nullable"] == true,
                };
                let deeper = below(&field.pointer, property);
                std::iter::once(field).chain(deeper)
            })
            .collect()
    }
}

/// An operation of the description, with the [`EXTRAS`] among its parameters.
struct Described<'a> {
    id: &'a str,
    method: String,
    path: &'a str,
    parameters: Vec<Parameter>,
    /// The schema of a 200.
    response: &'a Value,
}

struct Parameter {
    /// `path`, `query`, `header` or `body`.
    place: String,
    name: String,
    required: bool,
    schema: Value,
    sample: Value,
}

impl Described<'_> {
    /// Every parameter with its sample.
    fn everything(&self) -> Map<String, Value> {
        let parameters = self.parameters.iter();
        parameters.map(|parameter| (parameter.name.clone(), parameter.sample.clone())).collect()
    }

    /// The expected content of a request with [`everything`](Self::everything).
    fn expected(&self) -> Vec<String> {
        let mut url = format!("{}{}", Api::DEFAULT_BASE_URL, self.path);
        let mut expected = Vec::new();
        for Parameter { place, name, sample, .. } in &self.parameters {
            match &**place {
                "path" => url = url.replace(&format!("{{{name}}}"), &text(sample)),
                "body" => expected.push(format!("body {name} = {sample}")),
                // In a query or a header, every type is sent as text.
                _ => expected.push(format!("{place} {name} = {}", text(sample))),
            }
        }
        expected.push(format!("{} {url}", self.method));
        expected
    }

    /// The actual content of the request, in the format of [`expected`](Self::expected).
    fn carried_by(&self, request: &Request<Vec<u8>>) -> Vec<String> {
        let mut url = Url::parse(&request.uri().to_string()).unwrap();
        let query = url.query_pairs().map(|(name, value)| format!("query {name} = {value}"));
        let mut carried: Vec<_> = query.collect();
        url.set_query(None);
        carried.push(format!("{} {url}", request.method()));

        let headers = self.parameters.iter().filter(|parameter| parameter.place == "header");
        carried.extend(headers.filter_map(|Parameter { name, .. }| {
            let value = request.headers().get(name)?.to_str().unwrap();
            Some(format!("header {name} = {value}"))
        }));

        if !request.body().is_empty() {
            let body: Map<String, Value> = serde_json::from_slice(request.body()).unwrap();
            carried.extend(body.iter().map(|(name, value)| format!("body {name} = {value}")));
        }
        carried
    }
}

/// A property somewhere in a response.
struct Field {
    /// The JSON pointer of the property in a sample.
    pointer: String,
    required: bool,
    nullable: bool,
}

impl Field {
    /// The place of the property in the format of [`Error::path`].
    fn place(&self) -> String {
        let steps = self.pointer.split('/').skip(1);
        let place: String = steps
            .map(|step| match step.parse::<usize>() {
                Ok(index) => format!("[{index}]"),
                Err(_) => format!(".{step}"),
            })
            .collect();
        place.trim_start_matches('.').to_owned()
    }

    fn removed_from(&self, sample: &Value) -> Value {
        let mut sample = sample.clone();
        let (parent, name) = self.pointer.rsplit_once('/').unwrap();
        let parent = sample.pointer_mut(parent).and_then(Value::as_object_mut);
        parent.unwrap().remove(name);
        sample
    }

    fn nulled_in(&self, sample: &Value) -> Value {
        let mut sample = sample.clone();
        *sample.pointer_mut(&self.pointer).unwrap() = Value::Null;
        sample
    }
}

/// Parses a response as an operation does, and serializes the result.
type Reader = Box<dyn Fn(&Value) -> Result<Value, Error>>;

/// A reader for each operation, by operationId.
fn readers() -> BTreeMap<&'static str, Reader> {
    BTreeMap::from([
        // A whole list would be serialized as a page, which is not in the description.
        reader::<ListSessions, _>(|list| list.data),
        reader::<CreateSession, _>(identity),
        reader::<GetSession, _>(identity),
        reader::<RefreshSession, _>(identity),
        reader::<RevokeSession, _>(identity),
        reader::<CreateSessionToken, _>(identity),
        reader::<CreateSessionTokenFromTemplate, _>(identity),
    ])
}

fn reader<O: Operation + 'static, T: Serialize + 'static>(described: fn(O::Output) -> T) -> (&'static str, Reader) {
    let read = move |response: &Value| {
        let output = api().parse::<O>(Response::new(response.to_string().into_bytes()))?;
        Ok(json!(described(output)))
    };
    (O::METADATA.id, Box::new(read))
}

/// Whether the error says that `place` is missing in a response with this number of possible shapes.
fn is_missing(error: &Error, place: &str, shapes: usize) -> bool {
    // If the distinguishing field is missing, the intended shape is unknown. Then the path is that of one shape, and the text
    // names all.
    let named = error.path() == Some(place) || shapes > 1 && error.to_string().contains(&format!("`{place}`"));
    matches!(error, Error::Decode(_)) && named
}

fn api() -> Api {
    Api::new("sk_test_1").unwrap()
}

fn send(id: &str, parameters: Map<String, Value>) -> Result<Request<Vec<u8>>, Error> {
    let parameters = Value::Object(parameters).to_string();
    match registry::call(&CallContext::new(api()), id, parameters.as_bytes())?.step(Duration::ZERO) {
        Step::Send { request, .. } => Ok(request),
        step => panic!("{id}: the first step is {step:?}"),
    }
}

/// The parameters that the code accepts. It lists them in the error for an unknown parameter.
fn accepted_names(id: &str) -> Result<Vec<String>, String> {
    let unknown = Map::from_iter([("no_such_parameter".to_owned(), Value::Null)]);
    let Err(error) = send(id, unknown) else {
        return Err(format!("{id}: an unknown parameter is accepted"));
    };
    let error = error.to_string();
    let Some((_, expected)) = error.split_once("unknown field `no_such_parameter`, expected ") else {
        return Err(format!("an unknown parameter is not refused by name: {error}"));
    };
    Ok(expected.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

fn json_of(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => (*value).into(),
        Yaml::Value(Scalar::Integer(value)) => (*value).into(),
        Yaml::Value(Scalar::FloatingPoint(value)) => value.into_inner().into(),
        Yaml::Value(Scalar::String(value)) => value.as_ref().into(),
        Yaml::Sequence(items) => items.iter().map(json_of).collect(),
        Yaml::Mapping(entries) => entries.iter().map(|(key, value)| (text(&json_of(key)), json_of(value))).collect(),
        other => panic!("CLERK_OPENAPI contains YAML that JSON can't represent: {other:?}"),
    }
}

/// A string unchanged, and any other value as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The values that the schema lists.
fn values(schema: &Value) -> impl Iterator<Item = &Value> {
    elements(&schema["enum"])
}

fn texts(schema: &Value) -> Vec<String> {
    values(schema).map(text).collect()
}

fn bounds(schema: &Value) -> (i64, i64) {
    let bound = |name: &str| schema[name].as_i64();
    (bound("minimum").unwrap_or(i64::MIN), bound("maximum").unwrap_or(i64::MAX))
}

fn requires(schema: &Value, property: &str) -> bool {
    elements(&schema["required"]).any(|name| name == property)
}

/// Each scalar in `value`, with its place.
fn leaves(place: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, item)| leaves(&format!("{place}[{index}]"), item)).collect()
        }
        Value::Object(members) => {
            members.iter().flat_map(|(name, member)| leaves(&format!("{place}.{name}"), member)).collect()
        }
        leaf => vec![format!("{place} = {leaf}")],
    }
}
