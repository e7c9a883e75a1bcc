using System.ComponentModel.DataAnnotations;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Triggers;

/// <summary>What starts runs beside the HTTP API and the command line.</summary>
public sealed class TriggersOptions
{
    public CommandTopicOptions Commands { get; set; } = new();
}

/// <summary>The topic that takes run requests as JSON.</summary>
public sealed class CommandTopicOptions
{
    /// <summary>Whether <c>serve</c> consumes it. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Its name; made if it is absent. Default <c>otp_commands</c>.</summary>
    [Required]
    [RegularExpression("[a-zA-Z0-9][a-zA-Z0-9._-]{0,244}", ErrorMessage = "{0} must be 1 to 245 of the characters a-z A-Z 0-9 . _ -, the first a letter or a digit")]
    [Shown]
    public string Topic { get; set; } = "otp_commands";

    /// <summary>The group it is consumed as. Default <c>otp_commands_consumer_group</c>.</summary>
    [Required]
    [Shown]
    public string ConsumerGroup { get; set; } = "otp_commands_consumer_group";

    /// <summary>The largest command, in bytes; a larger one becomes a dead letter. Default 1 MiB.</summary>
    [Range(1_024, 1_073_741_824)]
    public int MaxBytes { get; set; } = 1024 * 1024;
}
