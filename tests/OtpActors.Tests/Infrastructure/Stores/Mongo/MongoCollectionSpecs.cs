using MongoDB.Bson;
using MongoDB.Driver;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Stores.Mongo;

/// <summary>Specs on a collection that others fill too; on any server.</summary>
public abstract class MongoCollectionSpecs : IAsyncDisposable
{
    private protected MongoStores Stores { get; } = new();

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await Stores.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>A document with the tutorial's fields and no others.</summary>
    protected static BsonDocument Pair(string email, string otp) => new() { { "email", email }, { "otp", otp } };

    protected Task PutAsync(params BsonDocument[] documents) =>
        Stores.Collection.InsertManyAsync(documents, cancellationToken: Cancellation);

    protected Task<List<BsonDocument>> DocumentsAsync() =>
        Stores.Collection.Find(FilterDefinition<BsonDocument>.Empty).ToListAsync(Cancellation);
}
