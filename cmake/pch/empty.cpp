static_assert(true, "a target needs a file; this one only carries the precompiled header");
