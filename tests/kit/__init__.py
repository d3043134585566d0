"""What tests share: where things are, a clean environment, programs, clones, servers, scans."""
