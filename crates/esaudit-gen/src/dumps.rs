//! What the modelled cluster says about itself: the answers of its APIs, as the collecting script writes them, at the end of
//! the log.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::changes::Change;
use crate::event::{FILE, LDAP, NATIVE, REALMS, RESERVED};
use crate::sim::listed_keys;
use crate::text::{HOUR, Micros, rfc3339};
use crate::world::{Node, World};

/// Writes them into a folder.
pub(crate) fn write(folder: &Path, world: &World, changes: &[Change], end: Micros) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let put = |name: &str, value: &Value| std::fs::write(folder.join(name), format!("{value:#}\n"));
    let time = rfc3339(end);
    std::fs::write(folder.join("collected-at.txt"), format!("{}Z\n", &time[..19]))?;
    put(
        "cluster.json",
        &json!({"name": "es-1", "cluster_name": world.cluster_name, "cluster_uuid": world.cluster,
            "version": {"number": "8.17.0"}, "tagline": "You Know, for Search"}),
    )?;
    let nodes: BTreeMap<&str, Value> = world.nodes.iter().map(|node| (node.id, node_info(node))).collect();
    let counts = json!({"total": nodes.len(), "successful": nodes.len(), "failed": 0});
    put("nodes.json", &json!({"_nodes": counts, "cluster_name": world.cluster_name, "nodes": nodes}))?;
    put("cluster-settings.json", &json!({"persistent": {}, "transient": {}}))?;
    put(
        "license.json",
        &json!({"license": {"status": "active", "uid": "5f0d", "type": "platinum",
        "issue_date_in_millis": 1, "expiry_date_in_millis": (end + 900 * 24 * HOUR) / 1000}}),
    )?;
    put("users.json", &users(world, changes))?;
    put("roles.json", &roles(world))?;
    put(
        "role-mappings.json",
        &json!({"staff": {"enabled": true, "roles": ["kibana_user"],
        "rules": {"field": {"dn": "*,ou=staff,dc=corp"}}, "metadata": {}}}),
    )?;
    put("api-keys-1.json", &json!({"api_keys": listed_keys(world, end, true)}))?;
    put(
        "certificates.json",
        &json!([{"path": "http.p12", "format": "PKCS12", "alias": "http", "subject_dn": "CN=es",
        "serial_number": "1f", "has_private_key": true, "expiry": rfc3339(end + 20 * 24 * HOUR), "issuer": "CN=ca"}]),
    )
}

/// A node with its settings of audit and realms.
fn node_info(node: &Node) -> Value {
    let mut events = vec![
        "access_denied",
        "access_granted",
        "anonymous_access_denied",
        "authentication_failed",
        "connection_denied",
        "tampered_request",
        "run_as_denied",
        "run_as_granted",
        "security_config_change",
    ];
    events.extend(node.logs_realm_failures.then_some("realm_authentication_failed"));
    events.extend(node.logs_successes.then_some("authentication_success"));
    let mut settings = json!({
        "node.name": node.name,
        "path.logs": "/var/log/elasticsearch",
        "xpack.security.audit.enabled": "true",
        "xpack.security.audit.logfile.events.include": events,
    });
    for (order, (realm, kind)) in [(FILE, "file"), (NATIVE, "native"), (LDAP, "ldap")].into_iter().enumerate() {
        let name = format!("xpack.security.authc.realms.{kind}.{}", REALMS[usize::from(realm)]);
        if node.realms.contains(&realm) {
            settings[format!("{name}.order")] = order.to_string().into();
        } else if realm != LDAP {
            settings[format!("{name}.enabled")] = "false".into();
        }
    }
    json!({"name": node.name, "transport_address": format!("{}:9300", node.address), "version": "8.17.0", "settings": settings})
}

/// The native and the built-in users, with those that changes of the log made or disabled.
fn users(world: &World, changes: &[Change]) -> Value {
    let of_action = |action: &str| -> BTreeSet<String> {
        let those = changes.iter().filter(|change| change.action == action);
        those.map(|change| change.target.clone()).collect()
    };
    let (made, disabled) = (of_action("put_user"), of_action("change_disable_user"));
    let user = |name: &str, roles: Value, enabled: bool, reserved: bool| {
        json!({"username": name, "roles": roles, "full_name": null, "email": null,
            "metadata": if reserved { json!({"_reserved": true}) } else { json!({}) }, "enabled": enabled})
    };
    let mut users: BTreeMap<String, Value> =
        made.iter().map(|name| (name.clone(), user(name, json!(["viewer"]), true, false))).collect();
    for account in world.accounts.iter().filter(|account| [NATIVE, RESERVED].contains(&account.realm)) {
        let roles = serde_json::from_str(account.roles).unwrap_or_default();
        let enabled = !account.disabled && !disabled.contains(account.name);
        users.insert(account.name.to_owned(), user(account.name, roles, enabled, account.realm == RESERVED));
    }
    json!(users)
}

/// A description of every role that an account has.
fn roles(world: &World) -> Value {
    let named = world.accounts.iter().filter_map(|account| serde_json::from_str::<Vec<String>>(account.roles).ok());
    let names: BTreeSet<String> = named.flatten().collect();
    let described = names.into_iter().map(|name| {
        let grants = if name == "superuser" {
            json!({"cluster": ["all"], "indices": [{"names": ["*"], "privileges": ["all"], "allow_restricted_indices": false}]})
        } else {
            json!({"cluster": ["monitor"], "indices": [{"names": ["logs-*"], "privileges": ["read"], "allow_restricted_indices": false}]})
        };
        let mut role = grants;
        role["applications"] = json!([]);
        role["run_as"] = json!([]);
        role["metadata"] = json!({});
        role["transient_metadata"] = json!({"enabled": true});
        (name, role)
    });
    json!(described.collect::<BTreeMap<String, Value>>())
}
