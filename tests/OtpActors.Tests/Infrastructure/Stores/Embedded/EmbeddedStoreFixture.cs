using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Embedded;

namespace OtpActors.Tests.Infrastructure.Stores.Embedded;

/// <summary>Embedded stores of one test, in a directory of its own.</summary>
public sealed class EmbeddedStoreFixture(StoreIdentity identity) : IDisposable
{
    public TempDirectory Directory { get; } = new();

    public string File => Directory.File("store.db");

    public EmbeddedStore Open(
        OnExisting onExisting = OnExisting.Skip,
        long? maxBytes = null,
        bool readOnly = false,
        TimeProvider? time = null) =>
        new(
            new EmbeddedStoreSettings("store", File, identity)
            {
                OnExisting = onExisting,
                MaxBytes = maxBytes,
                ReadOnly = readOnly,
            },
            time ?? TimeProvider.System);

    public void Dispose() => Directory.Dispose();
}
