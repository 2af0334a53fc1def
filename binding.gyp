# The native packet path. `npm ci` builds it by native/build.mjs, which survives machines that cannot (package.json says "gypfile": false).
{
  "targets": [
    {
      "target_name": "portolan",
      "sources": ["<!@(node -p \"require('node:fs').readdirSync('native').filter((name) => name.endsWith('.cc')).map((name) => 'native/' + name).join(' ')\")"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_DISABLE_DEPRECATED", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags": ["-Wall", "-Wextra", "-fvisibility=hidden"],
      "cflags!": ["-O3", "-fno-omit-frame-pointer"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++20", "-fexceptions", "-O2"]
    }
  ]
}
