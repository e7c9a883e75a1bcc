using Confluent.Kafka;

namespace OtpActors.Streams.Kafka;

/// <summary>Why a source, a flow or a question to the brokers failed.</summary>
public enum KafkaFailure
{
    /// <summary>Brokers cannot be reached, or did not answer in time. Trying again can help.</summary>
    Unavailable,

    /// <summary>The topic is not there.</summary>
    UnknownTopic,

    /// <summary>Authentication or TLS is set up wrongly, or the principal may not do this.</summary>
    Denied,

    /// <summary>The client library has given up for good (fenced, idempotence broken): start a new one.</summary>
    Fatal,

    /// <summary>Records lie in a partition and do not come.</summary>
    Stalled,

    /// <summary>The partition now belongs to another member, or was cut shorter: reading goes on from the last commit.</summary>
    PartitionLost,

    /// <summary>The brokers refused the request or the record.</summary>
    Refused,

    /// <summary>The brokers, or the client library, are too old for it.</summary>
    Unsupported,
}

/// <summary>A failure with its kind. Holds no record and no setting, so it may be logged.</summary>
public sealed class KafkaStreamException(KafkaFailure failure, string message, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>The kind: what to do about it depends on this alone.</summary>
    public KafkaFailure Failure { get; } = failure;

    /// <summary>The client's error with its kind; <paramref name="doing"/> is what was tried, as "reading metadata".</summary>
    public static KafkaStreamException Of(string doing, Error error, Exception? inner = null)
    {
        var kind = error.IsFatal ? KafkaFailure.Fatal : KindOf(error);
        return new KafkaStreamException(kind, $"{doing}: {error.Reason} ({error.Code})", inner);
    }

    /// <summary>The client library's own no to a property: an unknown name, a value out of its range, two that do not go together.</summary>
    internal static KafkaStreamException Refusal(Exception e) =>
        new(KafkaFailure.Refused, $"the client library refuses its settings: {e.Message}", e);

    /// <summary>
    /// How OpenSSL words what no waiting mends. One code stands for every end of a handshake, that of a broker which dies amid
    /// it included ("unexpected eof"; without a word it is <see cref="ErrorCode.Local_Transport"/>): what is not here may pass.
    /// </summary>
    private static readonly string[] TlsFaults =
    [
        "certificate verify failed", // another authority, another host's name, out of its time
        "wrong version number", // the other side does not speak TLS
        "http request", "unsupported protocol", "no protocols available", "no shared cipher",
        "alert unknown ca", "alert bad certificate", "alert certificate", "alert unsupported certificate", "alert handshake failure",
        "alert protocol version", "alert access denied",
    ];

    internal static bool IsRefusal(Exception e) => e is ArgumentException or InvalidOperationException;

    /// <summary>Whether a running client is better off without trying again.</summary>
    internal static bool Ends(Error error) => error.IsFatal || KindOf(error) == KafkaFailure.Denied;

    internal static KafkaFailure KindOf(Error error) => error.Code switch
    {
        ErrorCode.Local_Ssl when TlsFaults.Any(fault => error.Reason.Contains(fault, StringComparison.OrdinalIgnoreCase)) =>
            KafkaFailure.Denied,
        ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition =>
            KafkaFailure.UnknownTopic,
        ErrorCode.TopicAuthorizationFailed or ErrorCode.GroupAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed
            or ErrorCode.SaslAuthenticationFailed or ErrorCode.Local_Authentication or ErrorCode.IllegalSaslState
            or ErrorCode.UnsupportedSaslMechanism or ErrorCode.SecurityDisabled => KafkaFailure.Denied,
        ErrorCode.Local_Fatal or ErrorCode.FencedInstanceId or ErrorCode.InvalidProducerEpoch => KafkaFailure.Fatal,
        ErrorCode.Local_UnsupportedFeature or ErrorCode.UnsupportedVersion => KafkaFailure.Unsupported,
        ErrorCode.Local_Transport or ErrorCode.Local_AllBrokersDown or ErrorCode.Local_TimedOut or ErrorCode.Local_MsgTimedOut
            or ErrorCode.Local_WaitCoord or ErrorCode.RequestTimedOut or ErrorCode.LeaderNotAvailable
            or ErrorCode.NotLeaderForPartition or ErrorCode.GroupCoordinatorNotAvailable or ErrorCode.GroupLoadInProgress
            or ErrorCode.NotCoordinatorForGroup or ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend
            or ErrorCode.Local_Resolve or ErrorCode.Local_Ssl or ErrorCode.BrokerNotAvailable
            or ErrorCode.NetworkException or ErrorCode.KafkaStorageError or ErrorCode.ReplicaNotAvailable
            or ErrorCode.NotController or ErrorCode.PreferredLeaderNotAvailable or ErrorCode.OffsetNotAvailable
            or ErrorCode.UnknownLeaderEpoch or ErrorCode.FencedLeaderEpoch or ErrorCode.RebalanceInProgress
            or ErrorCode.UnknownMemberId or ErrorCode.IllegalGeneration or ErrorCode.Local_PurgeQueue
            or ErrorCode.Local_PurgeInflight or ErrorCode.Local_QueueFull or ErrorCode.Local_Retry
            or ErrorCode.Local_TimedOutQueue or ErrorCode.Local_NodeUpdate => KafkaFailure.Unavailable,
        _ => KafkaFailure.Refused,
    };
}
