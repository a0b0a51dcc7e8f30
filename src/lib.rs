//! esaudit: offline analysis of Elasticsearch security audit logs.
