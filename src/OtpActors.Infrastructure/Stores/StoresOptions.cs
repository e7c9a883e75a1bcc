using System.ComponentModel.DataAnnotations;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Infrastructure.Stores;

public sealed class StoresOptions : IValidatableObject
{
    public StoreOptions Cassandra { get; set; } = new() { ConsumerGroup = "cassandra_consumer_group" };

    public StoreOptions Mongo { get; set; } = new() { ConsumerGroup = "mongodb_consumer_group" };

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (Mongo.Provider == StoreProvider.Cassandra)
        {
            yield return new ValidationResult(
                "Stores.Mongo.Provider: Cassandra is the store cassandra's alone, since it keeps one password an address.");
        }

        if (Cassandra.Provider == StoreProvider.MongoDB)
        {
            yield return new ValidationResult(
                "Stores.Cassandra.Provider: MongoDB is the store mongo's alone, since it keeps many passwords an address.");
        }
    }
}

public sealed class StoreOptions
{
    /// <summary>What the store is made of.</summary>
    public StoreProvider Provider { get; set; } = StoreProvider.Embedded;

    /// <summary>What happens to a record whose identity is there already. Default <c>Skip</c>.</summary>
    public OnExisting OnExisting { get; set; } = OnExisting.Skip;

    /// <summary>The group the store's sink consumes as.</summary>
    [Required]
    [Shown]
    public string ConsumerGroup { get; set; } = "";
}

public enum StoreProvider
{
    /// <summary>SQLite, in the data directory, with the identity rule of the store it stands for.</summary>
    Embedded,

    /// <summary>A Cassandra cluster: the section <c>OtpActors:Cassandra</c>. For the store of this name alone.</summary>
    Cassandra,

    /// <summary>A collection of MongoDB: the section <c>OtpActors:Mongo</c>. For the store <c>mongo</c> alone.</summary>
    MongoDB,
}
