using System.ComponentModel.DataAnnotations;
using MongoDB.Driver;
using MongoDB.Driver.Core.Configuration;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Infrastructure.Stores.Mongo;

/// <summary>The collection behind the store <c>mongo</c>: the section <c>OtpActors:Mongo</c>.</summary>
public sealed class MongoOptions
{
    /// <summary>
    /// Where MongoDB is: <c>mongodb://…</c> or <c>mongodb+srv://…</c>, with user, TLS and replica set where there are any.
    /// It can hold a password and is never shown. Default <c>mongodb://localhost:27017</c>.
    /// </summary>
    [Required, MongoConnectionString]
    public Secret ConnectionString { get; set; } = "mongodb://localhost:27017";

    /// <summary>Made if it is absent. Default <c>email_database</c>.</summary>
    [RegularExpression("[^/\\\\. \"$*<>:|?\0]{1,63}", ErrorMessage = "{0} must be a name of a MongoDB database")]
    [Shown]
    public string Database { get; set; } = "email_database";

    /// <summary>Made if it is absent. Default <c>email_collection</c>.</summary>
    [RegularExpression("(?!system\\.)[^$\0]{1,180}", ErrorMessage = "{0} must be a name of a MongoDB collection")]
    [Shown]
    public string Collection { get; set; } = "email_collection";
}

/// <summary>A connection string that the driver can read. What is wrong is said without repeating it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MongoConnectionStringAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        try
        {
            _ = new ConnectionString((value as Secret)?.Reveal() ?? "");
            return ValidationResult.Success;
        }
        catch (Exception e) when (e is MongoConfigurationException or ArgumentException or FormatException)
        {
            return new ValidationResult(
                $"{validationContext.DisplayName} is no connection string of MongoDB: "
                + "mongodb://[user:password@]host[:port][,…][/database][?options], reserved characters of a password as %XX");
        }
    }
}
