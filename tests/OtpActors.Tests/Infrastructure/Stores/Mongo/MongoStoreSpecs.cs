using OtpActors.Infrastructure.Stores;

namespace OtpActors.Tests.Infrastructure.Stores.Mongo;

public sealed class MongoStoreSpecs : ManyOtpsAnAddressContract
{
    private readonly MongoStores _stores = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _stores.DisposeAsync();
    }

    protected override Task<IOtpStore> OpenAsync(OnExisting onExisting) => Task.FromResult<IOtpStore>(_stores.Open(onExisting));

    protected override async Task CloseAsync(IOtpStore store) => await store.DisposeAsync();
}
