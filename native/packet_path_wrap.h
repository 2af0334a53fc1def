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
  Napi::Value Seal(const Napi::CallbackInfo& info);
  Napi::Value Reserve(const Napi::CallbackInfo& info);
  Napi::Value SocketStats(const Napi::CallbackInfo& info);
  Napi::Value Simd(const Napi::CallbackInfo& info);
  Napi::Value Blocks(const Napi::CallbackInfo& info);
  Napi::Value FreeBlocks(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  void DefineTurn(Napi::Env env, Napi::Object self);

  /// What the functions of the hot path share with this object; it goes when all of them are gone.
  struct Open {
    std::unique_ptr<PacketPath> path;
    // The views keep the shared memory alive as long as native code may touch it.
    std::vector<Napi::ObjectReference> views;

    PacketPath& Path(Napi::Env env) const;
  };
  std::shared_ptr<Open> open_ = std::make_shared<Open>();
};

}  // namespace portolan
