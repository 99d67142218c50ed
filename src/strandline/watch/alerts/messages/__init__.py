"""Messages of a released warning: CAP, bulletin, SMS, loudspeaker text."""
