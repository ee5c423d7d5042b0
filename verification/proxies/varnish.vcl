vcl 4.1;

import directors;

# A server that shuts down isn't ready. One that only pauses must not be taken out: both may
probe ready {
    .url = "/actuator/health/readiness";
    .interval = 1s;
    .timeout = 5s;
    .window = 4;
    .threshold = 1;
}

# between_bytes_timeout: silence on a stream; the server sends a comment after
# mcp.persist.heartbeat-interval, 15 s
backend server1 {
    .host = "server1";
    .port = "8080";
    .connect_timeout = 2s;
    .first_byte_timeout = 60s;
    .between_bytes_timeout = 60s;
    .probe = ready;
}

backend server2 {
    .host = "server2";
    .port = "8080";
    .connect_timeout = 2s;
    .first_byte_timeout = 60s;
    .between_bytes_timeout = 60s;
    .probe = ready;
}

sub vcl_init {
    new servers = directors.round_robin();
    servers.add_backend(server1);
    servers.add_backend(server2);
}

sub vcl_recv {
    if (req.url ~ "^/mcp") {
        set req.backend_hint = servers.backend();
        # All sessions have one URL: nothing is looked up, kept, or waited for
        return (pass);
    }
}

sub vcl_backend_error {
    # A GET may be repeated on the other server; a POST may have started a tool
    if (bereq.method == "GET" && bereq.retries == 0) {
        return (retry);
    }
}
