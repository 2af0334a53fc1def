// The class PacketPath as JavaScript sees it.
#pragma once

#include <napi.h>

#include <memory>

#include "packet_path.h"

namespace portolan {

/// Runs `body` and turns its exceptions into JavaScript's: errors of system calls carry their `code`.
template <class Body>
Napi::Value Guarded(Napi::Env env, Body body) {
  try {
    return body();
  } catch (const SystemError& error) {
    Napi::Error thrown = Napi::Error::New(env, error.what());
    thrown.Set("code", Napi::String::New(env, error.code()));
    throw thrown;
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, error.what());
  }
}

class PacketPathWrap : public Napi::ObjectWrap<PacketPathWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit PacketPathWrap(const Napi::CallbackInfo& info);

 private:
  Napi::Value AddSocket(const Napi::CallbackInfo& info);
  Napi::Value RemoveSocket(const Napi::CallbackInfo& info);
  Napi::Value Receive(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Seal(const Napi::CallbackInfo& info);
  Napi::Value Reserve(const Napi::CallbackInfo& info);
  Napi::Value SocketStats(const Napi::CallbackInfo& info);
  Napi::Value Simd(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  PacketPath& Path(Napi::Env env);

  // The views keep the shared memory alive as long as native code may touch it.
  Napi::ObjectReference region_, batch_, slab_;
  std::unique_ptr<PacketPath> path_;
};

}  // namespace portolan
