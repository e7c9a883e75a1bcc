using System.ComponentModel.DataAnnotations;
using Npgsql;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Infrastructure.Journal;

/// <summary>Where the journal and the list of runs lie: the section <c>OtpActors:Journal</c>.</summary>
public sealed class JournalOptions : IValidatableObject
{
    /// <summary>Default <c>Embedded</c>.</summary>
    public JournalProvider Provider { get; set; } = JournalProvider.Embedded;

    /// <summary>
    /// Where PostgreSQL is, as Npgsql reads it: <c>Host=…;Database=…;Username=…;Password=…</c>. Needed where the provider
    /// is PostgreSQL.
    /// </summary>
    public Secret? ConnectionString { get; set; }

    /// <summary>The tables' schema, made if it is absent. Default: the first of the user's search path.</summary>
    [RegularExpression("[a-z_][a-z0-9_]{0,62}", ErrorMessage = "{0} must be 1 to 63 of the characters a-z 0-9 _, the first of them no digit")]
    [Shown]
    public string? Schema { get; set; }

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (Provider != JournalProvider.PostgreSQL)
        {
            yield break;
        }

        if (ConnectionString is null || !IsConnectionString(ConnectionString))
        {
            // Not in the binder's or the driver's words: they can repeat it.
            yield return new ValidationResult(
                "Journal.ConnectionString is no connection string of PostgreSQL: write it as Host=…;Database=…;Username=…;Password=…");
        }
    }

    private static bool IsConnectionString(Secret text)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(text.Reveal()) is { Host.Length: > 0 };
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException or InvalidCastException or OverflowException)
        {
            return false;
        }
    }
}

public enum JournalProvider
{
    /// <summary>SQLite, in the data directory.</summary>
    Embedded,

    /// <summary>The server of <see cref="JournalOptions.ConnectionString"/>.</summary>
    PostgreSQL,
}
