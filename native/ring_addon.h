// The native ends of queues (ring.h) for JavaScript: the tests of the common layout, and `bench ring`.
#pragma once

#include <napi.h>

namespace portolan {

/// An object with `write`, `read` and `produce`.
Napi::Object DefineRing(Napi::Env env);

}  // namespace portolan
